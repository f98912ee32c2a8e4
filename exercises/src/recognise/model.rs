//! The model: EfficientNet-Lite0, run by `rten`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rten::{LoadError, Model as Network};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::message::{Likely, Reason, Refusal};
use super::picture::{SIZE, prepare};
use super::recogniser::Recogniser;

/// The file of the network.
pub const NETWORK: &str = "efficientnet-lite0.onnx";
/// The file of the names of its classes, one a line.
pub const CLASSES: &str = "classes.txt";

/// A model that is ready.
pub struct Model {
    network: Network,
    classes: Vec<String>,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// It was never fetched.
    #[error("no model in {0:?}; exercises/model/fetch gets it")]
    Missing(PathBuf),
    /// One of its files cannot be read.
    #[error("cannot read {0:?}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// It is damaged, or another.
    #[error(
        "{0:?} is no model that can be used; remove it, and exercises/model/fetch gets it anew"
    )]
    Unusable(PathBuf, #[source] LoadError),
    /// It does not do what it should.
    #[error("the model does not work: {0}")]
    Wrong(String),
}

impl Model {
    /// Loads the model of a folder, and tries it.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let network_path = folder.join(NETWORK);
        let classes_path = folder.join(CLASSES);
        if !network_path.exists() || !classes_path.exists() {
            return Err(ModelError::Missing(folder.to_owned()));
        }
        let classes = fs::read_to_string(&classes_path)
            .map_err(|error| ModelError::Unreadable(classes_path, error))?;
        let network = Network::load_file(&network_path)
            .map_err(|error| ModelError::Unusable(network_path, error))?;
        let model = Self {
            network,
            classes: classes.lines().map(str::to_owned).collect(),
        };
        let nothing = vec![0.0; (3 * SIZE * SIZE) as usize];
        model.scores(nothing).map_err(ModelError::Wrong)?;
        Ok(model)
    }

    /// A score for each class.
    fn scores(&self, values: Vec<f32>) -> Result<Vec<Likely>, String> {
        let size = SIZE as usize;
        let image = NdTensor::from_data([1, 3, size, size], values);
        let output = self
            .network
            .run_one(image.view().into(), None)
            .map_err(|error| error.to_string())?;
        let scores: NdTensor<f32, 2> = output
            .try_into()
            .map_err(|_| "it gives no scores".to_owned())?;
        let scores = scores.to_vec();
        if scores.len() != self.classes.len() {
            return Err(format!(
                "it has {} scores for {} classes",
                scores.len(),
                self.classes.len()
            ));
        }
        let likely = |(score, name): (f32, &String)| Likely {
            name: name.clone(),
            score,
        };
        Ok(scores.into_iter().zip(&self.classes).map(likely).collect())
    }
}

impl Recogniser for Model {
    fn recognise(&self, picture: &[u8]) -> Result<Vec<Likely>, Refusal> {
        let values = prepare(picture)?;
        self.scores(values)
            .map_err(|error| Reason::Failed.because(error))
    }
}
