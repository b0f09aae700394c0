//! The engine of this runner: `LogisticRegression` of the crate aprender,
//! behind the traits of the protocol's timed loops. `protocol.rs` handles
//! requests, order and clocks, and does not depend on the crate.

mod protocol;

use std::io;
use std::process::ExitCode;

use aprender::classification::LogisticRegression;
use aprender::format::{self, ModelType};
use aprender::primitives::Matrix;
use serde_json::Value;

use protocol::{Architecture, Batch, Description, Engine, Load, Model};

fn main() -> ExitCode {
    match protocol::serve(Aprender, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aprender runner: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Aprender;

impl Engine for Aprender {
    type Model = BinaryRegression;

    fn description(&self) -> Description {
        Description {
            name: "aprender",
            version: env!("ENGINE_VERSION"),
            language: "rust",
            runtime: env!("RUSTC_VERSION"),
            device: "cpu",
            precision: "f32",
            scale: "probability",
            formats: &["apr"],
        }
    }

    /// The requested number of threads is an upper bound. `predict` of this
    /// crate always uses one thread.
    fn load(&self, request: &Load) -> Result<BinaryRegression, String> {
        let width = binary_width(&request.architecture)?;
        let regression: LogisticRegression =
            format::load(&request.path, ModelType::LogisticRegression)
                .map_err(|error| format!("path: {}: {error}", request.path))?;
        let weights = weight_count(&regression)?;
        if weights != width {
            return Err(format!(
                "architecture: layers start with {width}, the file holds {weights} weights"
            ));
        }
        Ok(BinaryRegression { regression, width })
    }
}

/// The number of inputs of an architecture that the crate can hold. The crate
/// has one weight vector, for two classes or for one log-odds output.
fn binary_width(architecture: &Architecture) -> Result<usize, String> {
    match (architecture.kind.as_str(), architecture.layers.as_slice()) {
        ("logistic-regression", &[width, 1 | 2]) => Ok(width),
        ("logistic-regression", layers) => Err(format!(
            "architecture: layers {layers:?} are not a regression of two classes, the only kind \
             that this engine has"
        )),
        (kind, _) => Err(format!(
            "architecture: kind {kind:?} is unknown to this engine"
        )),
    }
}

/// How many weights a loaded model holds.
///
/// 0.11 has no accessor for them. But the type implements `Serialize`, which is
/// public API, so the count comes from the object that predicts. Rejected: the
/// payload size in the file's header, which also counts training settings,
/// differs between versions of the format and describes the file, not the
/// model. Rejected: `save_safetensors`, which needs a file to write. The list's
/// length is used, because JSON cannot express a weight that is not finite.
fn weight_count(regression: &LogisticRegression) -> Result<usize, String> {
    let fields = serde_json::to_value(regression).map_err(|error| error.to_string())?;
    match fields
        .pointer("/coefficients/data")
        .and_then(Value::as_array)
    {
        Some(weights) if !weights.is_empty() => Ok(weights.len()),
        _ => Err("path: the model in the file has not been fitted".to_owned()),
    }
}

struct BinaryRegression {
    regression: LogisticRegression,
    width: usize,
}

impl BinaryRegression {
    /// Puts rows into a matrix, the only form in which the crate takes them.
    ///
    /// A `Matrix` owns its numbers: it is built from a `Vec` and does not
    /// return it. Each call therefore pays for an allocation and a copy, about
    /// 0.09 us at 784 floats. No cheaper way was found. Rejected: refilling one
    /// matrix by `Matrix::set`, a bounds check for each number, 0.4-0.5 us;
    /// making a matrix of every row beforehand, because taking the row is part
    /// of the call; a `Vec` over borrowed memory, which is undefined behaviour.
    /// The published benchmark made its matrix before its clock started.
    /// Figures measured here are higher than by its method, by this copy.
    fn matrix(&self, rows: Batch<'_>) -> Result<Matrix<f32>, String> {
        let row_count = rows.len();
        let mut floats = Vec::with_capacity(row_count * self.width);
        for row in rows {
            floats.extend_from_slice(row);
        }
        Matrix::from_vec(row_count, self.width, floats).map_err(str::to_owned)
    }
}

impl Model for BinaryRegression {
    fn parameters(&self) -> usize {
        self.width + 1
    }

    fn width(&self) -> usize {
        self.width
    }

    fn score_count(&self) -> usize {
        1
    }

    /// The crate's own label is returned unchanged. It is 1 at a probability of
    /// exactly one half, where the protocol prefers the lowest class. Within
    /// the tolerance around the boundary both count as right. Deciding again
    /// here would measure something else than `predict`.
    fn predict(&mut self, rows: Batch<'_>, labels: &mut [u8]) -> Result<(), String> {
        let classes = self.regression.predict(&self.matrix(rows)?);
        for (label, class) in labels.iter_mut().zip(classes) {
            *label = u8::from(class == 1);
        }
        Ok(())
    }

    fn score(&mut self, rows: Batch<'_>, scores: &mut Vec<f32>) -> Result<(), String> {
        let probabilities = self.regression.predict_proba(&self.matrix(rows)?);
        scores.extend_from_slice(probabilities.as_slice());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn architecture(kind: &str, layers: &[usize]) -> Architecture {
        Architecture {
            kind: kind.to_owned(),
            layers: layers.to_vec(),
        }
    }

    #[test]
    fn holds_regressions_of_two_classes_only() {
        let kind = "logistic-regression";
        assert_eq!(binary_width(&architecture(kind, &[784, 2])), Ok(784));
        assert_eq!(binary_width(&architecture(kind, &[784, 1])), Ok(784));
        assert!(binary_width(&architecture(kind, &[784, 10])).is_err());
        assert!(binary_width(&architecture(kind, &[784, 32, 2])).is_err());
        assert!(binary_width(&architecture("mlp", &[784, 2])).is_err());
    }

    #[test]
    fn counts_weights_of_a_fitted_model() {
        let inputs = Matrix::from_vec(2, 3, vec![0.0, 0.5, 1.0, 1.0, 0.5, 0.0]).unwrap();
        let mut regression = LogisticRegression::new().with_max_iter(1);
        assert!(weight_count(&regression).is_err());
        regression.fit(&inputs, &[0, 1]).unwrap();
        assert_eq!(weight_count(&regression), Ok(3));
    }

    #[test]
    fn reads_its_versions_at_build_time() {
        let description = Aprender.description();
        let pin = format!("aprender = \"={}\"", description.version);
        assert!(
            include_str!("../Cargo.toml")
                .lines()
                .any(|line| line == pin)
        );
        assert!(description.runtime.starts_with("rustc "));
    }
}
