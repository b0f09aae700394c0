//! The engine of this runner: `LogisticRegression` of the crate aprender-core,
//! behind the traits of the protocol's timed loops. `protocol.rs` handles
//! requests, order and clocks, and does not depend on the crate.

mod protocol;

use std::io;
use std::process::ExitCode;

use aprender::classification::LogisticRegression;
use aprender::format::{self, ModelType};
use aprender::primitives::Matrix;

use protocol::{Architecture, Batch, Description, Engine, Load, Model, Trained, Training};

fn main() -> ExitCode {
    match protocol::serve(AprenderCore, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aprender-core runner: {error}");
            ExitCode::FAILURE
        }
    }
}

struct AprenderCore;

impl Engine for AprenderCore {
    type Model = BinaryRegression;

    fn description(&self) -> Description {
        Description {
            name: "aprender-core",
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
        // `coefficients` panics where there are none, and no other public
        // function tells.
        let fields = serde_json::to_value(&regression).map_err(|error| error.to_string())?;
        if fields["coefficients"].is_null() {
            return Err("path: the model in the file has not been fitted".to_owned());
        }
        let weights = regression.coefficients().len();
        if weights != width {
            return Err(format!(
                "architecture: layers start with {width}, the file holds {weights} weights"
            ));
        }
        Ok(BinaryRegression { regression, width })
    }

    fn trains(&self) -> bool {
        true
    }

    /// The crate descends on full batches in the order of the rows. Its smaller
    /// batches consist of shuffled rows, which is another training. It stops
    /// early where every gradient is below the tolerance; none is below 0.
    fn train(&self, training: &Training) -> Result<Trained, String> {
        binary_width(&training.architecture)?;
        if training.batch != training.rows {
            return Err(format!(
                "batch: {} of {} rows, and this engine keeps their order in full batches alone",
                training.batch, training.rows
            ));
        }
        let rows = Matrix::from_vec(training.rows, training.dim, training.floats.clone())
            .map_err(str::to_owned)?;
        let classes: Vec<usize> = training.labels.iter().copied().map(usize::from).collect();
        // One output takes twice the rate.
        let mut regression = LogisticRegression::new()
            .with_learning_rate(2.0 * training.learning_rate)
            .with_max_iter(training.epochs)
            .with_tolerance(0.0);
        regression
            .fit(&rows, &classes)
            .map_err(|error| error.to_string())?;
        Ok(Trained {
            weights: regression.coefficients().as_slice().to_vec(),
            biases: vec![regression.intercept()],
        })
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

struct BinaryRegression {
    regression: LogisticRegression,
    width: usize,
}

impl BinaryRegression {
    /// Puts rows into a matrix, the only form in which the crate takes them.
    ///
    /// A `Matrix` owns its numbers, so each call pays for an allocation and a
    /// copy. The runner of aprender 0.11 describes the rejected alternatives.
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
