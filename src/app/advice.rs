//! What can be done about a piece of advice.

use super::{Action, AdjustAction, Advice, Page};

impl Advice {
    /// What it offers to do.
    pub fn action(self) -> Action {
        match self {
            Self::OnlyShapes | Self::OnlyDigits => Action::OpenBundled("photos".into()),
            Self::DarkOnBright => Action::Adjust { adjust: AdjustAction::Invert, more: false },
            Self::NotSure { .. } => Action::SetPage(Page::Attribution),
        }
    }

    /// The key of its sentence in the strings; with `.offer` appended, the key of its button.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OnlyShapes => "advice.only_shapes",
            Self::OnlyDigits => "advice.only_digits",
            Self::DarkOnBright => "advice.dark_on_bright",
            Self::NotSure { .. } => "advice.not_sure",
        }
    }
}
