//! What most exports are of: a model on a picture, which a model of the program brings with it.

use crate::app::{Action, AppState};
use crate::cli::{CliError, FitArg, ModelArgs, open_model, open_picture, shown::apply_all};
use crate::model_io::{bundled, presets};
use clap::Args as ClapArgs;

/// A model on a picture.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct SubjectArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The picture: the name of a bundled sample, a picture file, or a .npy array (C, H, W), which is used unchanged.
    /// Default: the sample that goes with a bundled model or a preset.
    #[arg(long, value_name = "I")]
    pub image: Option<String>,
    /// The true class, by name or number. Default: the sample's class, else the predicted one.
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    pub label: Option<String>,
    /// How to fit a picture of another size.
    #[arg(long, value_enum, default_value_t)]
    pub fit: FitArg,
}

impl SubjectArgs {
    /// The program with the model and the picture.
    ///
    /// # Errors
    /// If they do not go together, or there is no picture for the model.
    pub fn open(&self) -> Result<AppState, CliError> {
        let name = &self.model.model;
        let of_preset = presets::find(name).map(|preset| preset.default_sample);
        let sample = bundled::find(name).map(|model| model.default_sample).or(of_preset);
        let image = self.image.as_deref().or(sample).ok_or_else(|| {
            CliError(format!("{name}: expected --image, got none; name a picture for this model"))
        })?;
        let model = open_model(&self.model, Some(image))?;
        let label = self.label.as_deref().map(|label| model.class_index(label)).transpose()?;
        let mut state = AppState::open(model, open_picture(image)?).map_err(CliError)?;
        let label = label.map(Action::SetLabel);
        apply_all(&mut state, [Action::SetFit(self.fit.into())].into_iter().chain(label))?;
        Ok(state)
    }
}
