//! The program without a window: state, actions, effects.
