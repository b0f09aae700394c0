//! The contender protocol, version 1, for runners written in Rust: transport,
//! validation, order of the rows, and the timed loops. It uses an engine only
//! through the traits `Engine` and `Model`, so another runner takes this file
//! unchanged.
//!
//! Policy: a request is checked as a whole before any work is done for it. A
//! fault in a request is answered in one line that names the field. Only a
//! broken pipe ends the program early.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, BufRead, Read, Write};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

const PROTOCOL_VERSION: u64 = 1;
const OPS: [&str; 4] = ["hello", "load", "infer", "quit"];
const OP_TRAIN: &str = "train";

const LINE_LIMIT_BYTES: u64 = 64 << 20;
/// Space for a reply's names and numbers besides its base64.
const REPLY_FRAME_BYTES: u64 = 512;
const ERROR_LIMIT_CHARS: usize = 200;

/// The largest whole number that every JSON implementation holds exactly. As a
/// bound of every count it also keeps the chain's sum from overflowing.
const COUNT_MAX: u64 = 1 << 53;
const STEP_MAX: u64 = (1 << 31) - 1;

/// What the label array holds before the calls. No valid label has this value,
/// so a label that was never written shows.
const LABEL_UNSET: u8 = u8::MAX;
const SAMPLE_UNSET_NS: u32 = 0;

// ---- What an engine provides ----------------------------------------------

/// An inference engine, before it has a model.
pub trait Engine {
    /// A model of this engine, ready to predict.
    type Model: Model;

    /// The engine's description of itself.
    fn description(&self) -> Description;

    /// Reads a model, or says in one line why this engine cannot hold it.
    fn load(&self, request: &Load) -> Result<Self::Model, String>;

    /// Whether this engine answers `train`.
    fn trains(&self) -> bool {
        false
    }

    /// Fits a regression to the rows, or says in one line why it cannot. This
    /// is the timed part.
    fn train(&self, training: &Training) -> Result<Trained, String> {
        let _ = training;
        Err("op: this engine does not train".to_owned())
    }
}

/// A loaded model.
pub trait Model {
    /// How many numbers the model holds.
    fn parameters(&self) -> usize;

    /// How many floats a row has.
    fn width(&self) -> usize;

    /// How many scores the model gives for a row.
    fn score_count(&self) -> usize;

    /// One call: takes the rows and stores one label for each. This is the
    /// timed part.
    fn predict(&mut self, rows: Batch<'_>, labels: &mut [u8]) -> Result<(), String>;

    /// Appends the scores of the rows. Never timed.
    fn score(&mut self, rows: Batch<'_>, scores: &mut Vec<f32>) -> Result<(), String>;
}

/// An engine's answer to `hello`, except what this file fills in itself.
#[derive(Serialize)]
pub struct Description {
    /// The engine's name.
    pub name: &'static str,
    /// The engine's version.
    pub version: &'static str,
    /// The language that the runner is written in.
    pub language: &'static str,
    /// The compiler, with its version.
    pub runtime: &'static str,
    /// Where it computes.
    pub device: &'static str,
    /// The format of the numbers it computes with.
    pub precision: &'static str,
    /// What its scores are: `logits` or `probability`.
    pub scale: &'static str,
    /// The model files it reads, best first.
    pub formats: &'static [&'static str],
}

/// A `load` request whose format is one of the engine's.
pub struct Load {
    /// Where the model file is.
    pub path: String,
    /// What the harness says is in it.
    pub architecture: Architecture,
}

/// A model's kind and the widths of its layers, inputs first.
pub struct Architecture {
    /// `logistic-regression` or `mlp`.
    pub kind: String,
    /// At least two widths, none of them zero.
    pub layers: Vec<usize>,
}

/// A `train` request with its rows in memory.
#[allow(
    dead_code,
    reason = "the runner of aprender-core shares this file and reads them all"
)]
pub struct Training {
    /// The rows, one after the other.
    pub floats: Vec<f32>,
    /// The class of each row.
    pub labels: Vec<u8>,
    /// How many rows there are.
    pub rows: usize,
    /// How wide a row is.
    pub dim: usize,
    /// How many classes there are.
    pub classes: usize,
    /// The shape of the model.
    pub architecture: Architecture,
    /// Passes over the rows.
    pub epochs: usize,
    /// The rate where there are as many outputs as classes. One output takes
    /// twice the rate.
    pub learning_rate: f32,
    /// Rows in each step.
    pub batch: usize,
}

/// A fitted layer.
pub struct Trained {
    /// Outputs x inputs, row-major.
    pub weights: Vec<f32>,
    /// One number for each output.
    pub biases: Vec<f32>,
}

// ---- Rows -----------------------------------------------------------------

/// The rows of one `infer`: windows of `dim` floats, `hop` floats apart.
struct Inputs {
    floats: Vec<f32>,
    rows: usize,
    dim: usize,
    hop: usize,
}

impl Inputs {
    fn read(request: &Infer) -> Result<Self, String> {
        let needed_bytes = request
            .floats_needed()
            .and_then(|floats| floats.checked_mul(size_of::<f32>() as u64))
            .ok_or("rows: that many, hop apart, are more than any file holds")?;
        let bytes = read_at_most(&request.inputs, needed_bytes)
            .map_err(|error| format!("inputs: {}: {error}", request.inputs))?;
        if (bytes.len() as u64) < needed_bytes {
            return Err(format!(
                "inputs: {} holds {} bytes; rows, hop and dim need {needed_bytes}",
                request.inputs,
                bytes.len()
            ));
        }
        Ok(Self {
            floats: floats_of(&bytes),
            rows: request.rows,
            dim: request.dim,
            hop: request.hop,
        })
    }

    fn row(&self, index: usize) -> &[f32] {
        let start = index * self.hop;
        &self.floats[start..start + self.dim]
    }

    fn batch(&self, first: usize, rows: usize) -> Batch<'_> {
        Batch {
            inputs: self,
            next: first,
            remaining: rows,
        }
    }
}

/// Reads at most `limit_bytes`: the file may be longer, and a path without an
/// end must not fill the memory.
fn read_at_most(path: &str, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size_bytes = file.metadata()?.len().min(limit_bytes);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(size_bytes).map_err(io::Error::other)?)?;
    file.take(limit_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn floats_of(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// The rows of one call, in order, wrapping round at the end of the inputs.
#[derive(Clone)]
pub struct Batch<'a> {
    inputs: &'a Inputs,
    next: usize,
    remaining: usize,
}

impl<'a> Iterator for Batch<'a> {
    type Item = &'a [f32];

    #[inline]
    fn next(&mut self) -> Option<&'a [f32]> {
        self.remaining = self.remaining.checked_sub(1)?;
        let row = self.inputs.row(self.next);
        self.next += 1;
        if self.next == self.inputs.rows {
            self.next = 0;
        }
        Some(row)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batch<'_> {}

// ---- Order and clocks -----------------------------------------------------

/// Where the next call starts, and the state that decides the one after.
struct Walk<'a, M> {
    model: &'a mut M,
    inputs: &'a Inputs,
    batch: usize,
    row: usize,
    /// The chain's count of calls, warm-up included; stays 0 without `first`.
    call: u64,
    /// The chain's constant; unused without `first`.
    step: u64,
    /// How far a call moves the row without `first`; less than `rows`.
    stride: usize,
}

/// Whether each call decides the next is a type parameter, and calls timed one
/// by one have a loop of their own. No loop therefore decides at run time what
/// its request has already settled.
impl<'a, M: Model> Walk<'a, M> {
    fn new(model: &'a mut M, inputs: &'a Inputs, request: &Infer) -> Self {
        let chain = request.chain.as_ref();
        Self {
            model,
            inputs,
            batch: request.batch,
            row: chain.map_or(0, |chain| chain.first),
            call: 0,
            step: chain.map_or(0, |chain| chain.step),
            stride: request.batch % request.rows,
        }
    }

    /// One call as the protocol counts it: from the row's index to the stored
    /// labels and the next row. `labels` has `batch` places.
    #[inline]
    fn call<const CHAINED: bool>(&mut self, labels: &mut [u8]) -> Result<(), String> {
        self.model
            .predict(self.inputs.batch(self.row, labels.len()), labels)?;
        self.row = if CHAINED {
            self.chained_row(labels[labels.len() - 1])
        } else {
            self.following_row()
        };
        Ok(())
    }

    /// `rows` is not 0, and `COUNT_MAX` keeps the sum far below 2^64.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "less than rows, a usize")]
    fn chained_row(&mut self, label: u8) -> usize {
        let sum = 5 * self.row as u64 + self.step + u64::from(label) + self.call;
        self.call += 1;
        (sum % self.inputs.rows as u64) as usize
    }

    #[inline]
    fn following_row(&self) -> usize {
        let row = self.row + self.stride;
        if row < self.inputs.rows {
            row
        } else {
            row - self.inputs.rows
        }
    }

    /// Calls whose labels are discarded.
    fn warm_up<const CHAINED: bool>(&mut self, calls: u64) -> Result<(), String> {
        let mut labels = filled("batch", self.batch as u64, LABEL_UNSET)?;
        for _ in 0..calls {
            self.call::<CHAINED>(&mut labels)?;
        }
        Ok(())
    }

    fn time_whole<const CHAINED: bool>(&mut self, labels: &mut [u8]) -> Result<Duration, String> {
        let batch = self.batch;
        let start = Instant::now();
        for call_labels in labels.chunks_exact_mut(batch) {
            self.call::<CHAINED>(call_labels)?;
        }
        Ok(start.elapsed())
    }

    fn time_each<const CHAINED: bool>(
        &mut self,
        labels: &mut [u8],
        samples_ns: &mut [u32],
    ) -> Result<Duration, String> {
        let batch = self.batch;
        let start = Instant::now();
        for (call_labels, sample_ns) in labels.chunks_exact_mut(batch).zip(samples_ns) {
            let call_start = Instant::now();
            self.call::<CHAINED>(call_labels)?;
            *sample_ns = sample_of(call_start.elapsed());
        }
        Ok(start.elapsed())
    }

    fn run<const CHAINED: bool>(
        &mut self,
        warmup: u64,
        labels: &mut [u8],
        samples_ns: Option<&mut [u32]>,
    ) -> Result<Duration, String> {
        self.warm_up::<CHAINED>(warmup)?;
        // Without a timed call, the row after the warm-up is the requested row.
        if !CHAINED && !labels.is_empty() {
            self.row = 0;
        }
        let elapsed = match samples_ns {
            Some(samples_ns) => self.time_each::<CHAINED>(labels, samples_ns),
            None => self.time_whole::<CHAINED>(labels),
        };
        // A request without `want` does not read the labels. Without
        // `black_box` a compiler could remove their computation.
        black_box(labels);
        elapsed
    }
}

fn sample_of(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_nanos()).unwrap_or(u32::MAX)
}

/// An array whose pages have been written to, so that a timed loop does not
/// wait for the system to allocate them.
fn filled<T: Copy>(field: &str, length: u64, value: T) -> Result<Vec<T>, String> {
    let too_large = || format!("{field}: no memory for an array of {length}");
    let length = usize::try_from(length).map_err(|_| too_large())?;
    let mut array = Vec::new();
    array.try_reserve_exact(length).map_err(|_| too_large())?;
    array.resize(length, value);
    Ok(array)
}

// ---- Requests -------------------------------------------------------------

struct Infer {
    inputs: String,
    rows: usize,
    dim: usize,
    hop: usize,
    batch: usize,
    chain: Option<Chain>,
    warmup: u64,
    calls: u64,
    want: bool,
    samples: bool,
    scores: bool,
}

struct Chain {
    first: usize,
    step: u64,
}

impl Infer {
    fn parse(fields: &Fields) -> Result<Self, String> {
        let rows = fields.size("rows")?;
        let dim = fields.size("dim")?;
        Ok(Self {
            inputs: fields.text("inputs")?.to_owned(),
            rows,
            dim,
            hop: fields.optional_size("hop")?.unwrap_or(dim),
            batch: fields.size("batch")?,
            chain: Chain::parse(fields, rows)?,
            warmup: fields.count("warmup", 0, COUNT_MAX)?,
            calls: fields.count("calls", 0, COUNT_MAX)?,
            want: fields.flag("want", true)?,
            samples: fields.flag("samples", false)?,
            scores: fields.flag("scores", false)?,
        })
    }

    /// Checks that the request fits the model and the machine, before any file
    /// is read.
    fn check(&self, width: usize, score_count: usize) -> Result<(), String> {
        if self.dim != width {
            return Err(format!(
                "dim: {} given, the model has {width} inputs",
                self.dim
            ));
        }
        match self.reply_bytes(score_count) {
            Some(bytes) if bytes <= LINE_LIMIT_BYTES => {}
            _ => {
                return Err(format!(
                    "calls: the reply would be longer than {LINE_LIMIT_BYTES} bytes"
                ));
            }
        }
        // An engine may have to copy the rows of a call into one piece.
        let batch_floats = self.batch.checked_mul(self.dim);
        if batch_floats.is_none_or(|floats| Vec::<f32>::new().try_reserve_exact(floats).is_err()) {
            return Err("batch: no memory for the rows of one call".to_owned());
        }
        Ok(())
    }

    fn floats_needed(&self) -> Option<u64> {
        (self.rows as u64 - 1)
            .checked_mul(self.hop as u64)?
            .checked_add(self.dim as u64)
    }

    fn label_count(&self) -> Option<u64> {
        self.calls.checked_mul(self.batch as u64)
    }

    /// The reply's length at most, or none where the number overflows.
    fn reply_bytes(&self, score_count: usize) -> Option<u64> {
        let base64_bytes = |items: u64, item_bytes: usize| {
            let bytes = items.checked_mul(item_bytes as u64)?;
            bytes.div_ceil(3).checked_mul(4)
        };
        let mut total = REPLY_FRAME_BYTES;
        if self.want {
            total = total.checked_add(base64_bytes(self.label_count()?, size_of::<u8>())?)?;
        }
        if self.samples {
            total = total.checked_add(base64_bytes(self.calls, size_of::<u32>())?)?;
        }
        if self.scores {
            let scores = (self.rows as u64).checked_mul(score_count as u64)?;
            total = total.checked_add(base64_bytes(scores, size_of::<f32>())?)?;
        }
        Some(total)
    }
}

/// What a `train` request names besides the training itself.
struct Lesson {
    inputs: String,
    labels: String,
    weights: String,
}

impl Lesson {
    fn parse(fields: &Fields) -> Result<Self, String> {
        Ok(Self {
            inputs: fields.text("inputs")?.to_owned(),
            labels: fields.text("labels")?.to_owned(),
            weights: fields.text("weights")?.to_owned(),
        })
    }
}

impl Training {
    /// Checks the request as a whole, and then reads the files.
    fn read(fields: &Fields, lesson: &Lesson) -> Result<Self, String> {
        let architecture = Architecture::required(fields)?;
        let mut training = Self {
            floats: Vec::new(),
            labels: Vec::new(),
            rows: fields.size("rows")?,
            dim: fields.size("dim")?,
            classes: fields.size("classes")?,
            architecture,
            epochs: fields.size("epochs")?,
            learning_rate: fields.rate("learning_rate")?,
            batch: fields.size("batch")?,
        };
        training.check()?;
        training.floats = training.read_rows(&lesson.inputs)?;
        training.labels = training.read_labels(&lesson.labels)?;
        Ok(training)
    }

    fn check(&self) -> Result<(), String> {
        let Architecture { kind, layers } = &self.architecture;
        let one_output = self.classes == 2 && layers[1..] == [1];
        if kind != "logistic-regression" || layers[0] != self.dim {
            return Err(
                "architecture: only a logistic-regression of dim inputs is trained".to_owned(),
            );
        }
        if layers[1..] != [self.classes] && !one_output {
            return Err(format!(
                "architecture: layers {layers:?} are not those of {} classes",
                self.classes
            ));
        }
        if self.batch > self.rows {
            return Err(format!("batch: {} of {} rows", self.batch, self.rows));
        }
        Ok(())
    }

    fn read_rows(&self, path: &str) -> Result<Vec<f32>, String> {
        let needed = (self.rows as u64)
            .checked_mul(self.dim as u64)
            .and_then(|floats| floats.checked_mul(size_of::<f32>() as u64));
        let needed = needed.ok_or("rows: that many are more than any file holds")?;
        Ok(floats_of(&read_exactly("inputs", path, needed)?))
    }

    fn read_labels(&self, path: &str) -> Result<Vec<u8>, String> {
        let labels = read_exactly("labels", path, self.rows as u64)?;
        match labels
            .iter()
            .find(|label| usize::from(**label) >= self.classes)
        {
            Some(label) => Err(format!("labels: {label} of {} classes", self.classes)),
            None => Ok(labels),
        }
    }
}

impl Trained {
    fn parameters(&self) -> usize {
        self.weights.len() + self.biases.len()
    }

    /// The layer as safetensors: the length of the header, the header padded
    /// with spaces to eight bytes, the numbers.
    fn safetensors(&self) -> Vec<u8> {
        let outputs = self.biases.len();
        let weight_bytes = self.weights.len() * size_of::<f32>();
        let end = weight_bytes + outputs * size_of::<f32>();
        let tensor = |shape: &[usize], start: usize, stop: usize| serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, stop]});
        let header = serde_json::json!({
            "layers.0.bias": tensor(&[outputs], weight_bytes, end),
            "layers.0.weight": tensor(&[outputs, self.weights.len() / outputs], 0, weight_bytes),
        });
        let mut header = header.to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        for number in self.weights.iter().chain(&self.biases) {
            file.extend(number.to_le_bytes());
        }
        file
    }
}

fn read_exactly(field: &str, path: &str, needed_bytes: u64) -> Result<Vec<u8>, String> {
    let bytes =
        read_at_most(path, needed_bytes).map_err(|error| format!("{field}: {path}: {error}"))?;
    if (bytes.len() as u64) < needed_bytes {
        return Err(format!(
            "{field}: {path} holds {} bytes, the rows need {needed_bytes}",
            bytes.len()
        ));
    }
    Ok(bytes)
}

impl Chain {
    fn parse(fields: &Fields, rows: usize) -> Result<Option<Self>, String> {
        let last_row = rows as u64 - 1;
        match (fields.given("first"), fields.given("step")) {
            (None, None) => Ok(None),
            (Some(_), None) => Err("step: missing, though first is given".to_owned()),
            (None, Some(_)) => Err("first: missing, though step is given".to_owned()),
            (Some(_), Some(_)) => Ok(Some(Self {
                first: to_usize("first", fields.count("first", 0, last_row)?)?,
                step: fields.count("step", 0, STEP_MAX)?,
            })),
        }
    }
}

impl Load {
    fn parse(fields: &Fields, formats: &[&str]) -> Result<Self, String> {
        let format = fields.text("format")?;
        if !formats.contains(&format) {
            return Err(format!("format: {format:?} is not one of {formats:?}"));
        }
        let architecture = Architecture::required(fields)?;
        fields.count("threads", 1, COUNT_MAX)?;
        Ok(Self {
            path: fields.text("path")?.to_owned(),
            architecture,
        })
    }
}

impl Architecture {
    fn required(fields: &Fields) -> Result<Self, String> {
        let object = fields.given("architecture").and_then(Value::as_object);
        let object = object.ok_or("architecture: must be an object")?;
        Self::parse(&Fields(object)).map_err(|error| format!("architecture: {error}"))
    }

    fn parse(fields: &Fields) -> Result<Self, String> {
        let layers = fields.given("layers").and_then(Value::as_array);
        let layers = layers.filter(|layers| layers.len() >= 2);
        let layers = layers.ok_or("layers: must be a list of at least two widths")?;
        Ok(Self {
            kind: fields.text("kind")?.to_owned(),
            layers: layers
                .iter()
                .map(|width| to_usize("layers", whole_number("layers", width, 1, COUNT_MAX)?))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The fields of a request, each checked as it is taken. A derived
/// `Deserialize` was not used, because its errors do not name the field. A null
/// field counts as absent. Unknown fields are ignored.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn given(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    fn required(&self, field: &str) -> Result<&'a Value, String> {
        self.given(field).ok_or_else(|| format!("{field}: missing"))
    }

    fn text(&self, field: &str) -> Result<&'a str, String> {
        self.required(field)?
            .as_str()
            .ok_or_else(|| format!("{field}: must be a string"))
    }

    fn flag(&self, field: &str, default: bool) -> Result<bool, String> {
        self.given(field).map_or(Ok(default), |value| {
            value
                .as_bool()
                .ok_or_else(|| format!("{field}: must be true or false"))
        })
    }

    fn count(&self, field: &str, least: u64, most: u64) -> Result<u64, String> {
        whole_number(field, self.required(field)?, least, most)
    }

    fn size(&self, field: &str) -> Result<usize, String> {
        to_usize(field, self.count(field, 1, COUNT_MAX)?)
    }

    /// A positive number that a float can hold.
    #[expect(clippy::cast_possible_truncation, reason = "that is what is checked")]
    fn rate(&self, field: &str) -> Result<f32, String> {
        let value = self.required(field)?;
        match value.as_f64().map(|number| number as f32) {
            Some(number) if number > 0.0 && number.is_finite() => Ok(number),
            _ => Err(format!("{field}: {value} is not a positive number")),
        }
    }

    fn optional_size(&self, field: &str) -> Result<Option<usize>, String> {
        match self.given(field) {
            Some(_) => self.size(field).map(Some),
            None => Ok(None),
        }
    }
}

fn whole_number(field: &str, value: &Value, least: u64, most: u64) -> Result<u64, String> {
    match value.as_u64() {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!(
            "{field}: {value} is not a whole number from {least} to {most}"
        )),
    }
}

fn to_usize(field: &str, number: u64) -> Result<usize, String> {
    usize::try_from(number).map_err(|_| format!("{field}: {number} is past this machine's memory"))
}

// ---- Replies --------------------------------------------------------------

#[derive(Serialize)]
#[serde(untagged)]
enum Reply {
    Hello {
        #[serde(flatten)]
        description: Description,
        ops: Vec<&'static str>,
    },
    Loaded {
        parameters: usize,
    },
    Trained {
        elapsed_ns: u64,
        parameters: usize,
    },
    Inferred {
        elapsed_ns: u64,
        last: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        labels: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        samples: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        scores: Option<String>,
    },
    Error {
        error: String,
    },
}

impl Reply {
    /// An error in one line of bounded length, whatever text it quotes.
    fn error(message: &str) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self::Error {
            error: message.chars().map(plain).take(ERROR_LIMIT_CHARS).collect(),
        }
    }
}

fn base64_of_words<T: Copy>(words: &[T], to_le_bytes: impl Fn(T) -> [u8; 4]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|word| to_le_bytes(*word)).collect();
    STANDARD.encode(bytes)
}

// ---- The conversation -----------------------------------------------------

/// Answers requests until `quit` or the end of the input.
pub fn serve<E: Engine>(
    engine: E,
    mut input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    let mut session = Session {
        engine,
        model: None,
    };
    let mut line = Vec::new();
    loop {
        let turn = match read_line(&mut input, &mut line)? {
            Line::Request => session.answer(&line),
            Line::TooLong => Err(format!("a request is longer than {LINE_LIMIT_BYTES} bytes")),
            Line::End => return Ok(()),
        };
        let reply = match turn {
            Ok(Turn::Reply(reply)) => reply,
            Ok(Turn::Quit) => return Ok(()),
            Err(message) => Reply::error(&message),
        };
        let mut text = serde_json::to_vec(&reply)?;
        text.push(b'\n');
        output.write_all(&text)?;
        output.flush()?;
    }
}

enum Line {
    Request,
    TooLong,
    End,
}

fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let mut limited = input.by_ref().take(LINE_LIMIT_BYTES + 1);
    limited.read_until(b'\n', line)?;
    if line.is_empty() {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > LINE_LIMIT_BYTES {
        input.skip_until(b'\n')?;
        return Ok(Line::TooLong);
    }
    Ok(Line::Request)
}

enum Turn {
    Reply(Reply),
    Quit,
}

struct Session<E: Engine> {
    engine: E,
    model: Option<E::Model>,
}

impl<E: Engine> Session<E> {
    fn answer(&mut self, line: &[u8]) -> Result<Turn, String> {
        let request: Value =
            serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
        let fields = Fields(request.as_object().ok_or("a request must be an object")?);
        let reply = match fields.text("op")? {
            "hello" => self.hello(&fields),
            "load" => self.load(&fields),
            "infer" => self.infer(&fields),
            "quit" => return Ok(Turn::Quit),
            OP_TRAIN if self.engine.trains() => self.train(&fields),
            other => Err(format!("op: {other:?} is not one of {:?}", self.ops())),
        };
        reply.map(Turn::Reply)
    }

    fn hello(&self, fields: &Fields) -> Result<Reply, String> {
        fields.count("protocol", PROTOCOL_VERSION, PROTOCOL_VERSION)?;
        Ok(Reply::Hello {
            description: self.engine.description(),
            ops: self.ops(),
        })
    }

    fn ops(&self) -> Vec<&'static str> {
        let mut ops = OPS.to_vec();
        if self.engine.trains() {
            ops.push(OP_TRAIN);
        }
        ops
    }

    fn train(&self, fields: &Fields) -> Result<Reply, String> {
        let lesson = Lesson::parse(fields)?;
        let training = Training::read(fields, &lesson)?;
        let start = Instant::now();
        let trained = self.engine.train(&training)?;
        let elapsed = start.elapsed();
        fs::write(&lesson.weights, trained.safetensors())
            .map_err(|error| format!("weights: {}: {error}", lesson.weights))?;
        Ok(Reply::Trained {
            elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
            parameters: trained.parameters(),
        })
    }

    /// A load that fails leaves no model: the previous model must not answer in
    /// place of the new one.
    fn load(&mut self, fields: &Fields) -> Result<Reply, String> {
        self.model = None;
        let request = Load::parse(fields, self.engine.description().formats)?;
        let model = self.engine.load(&request)?;
        let parameters = model.parameters();
        self.model = Some(model);
        Ok(Reply::Loaded { parameters })
    }

    fn infer(&mut self, fields: &Fields) -> Result<Reply, String> {
        let request = Infer::parse(fields)?;
        let model = self.model.as_mut().ok_or("op: infer comes after load")?;
        request.check(model.width(), model.score_count())?;
        infer(model, &request)
    }
}

fn infer<M: Model>(model: &mut M, request: &Infer) -> Result<Reply, String> {
    let label_count = request
        .label_count()
        .ok_or("calls: no memory for their labels")?;
    let mut labels = filled("calls", label_count, LABEL_UNSET)?;
    let mut samples_ns = if request.samples {
        Some(filled("calls", request.calls, SAMPLE_UNSET_NS)?)
    } else {
        None
    };
    let inputs = Inputs::read(request)?;

    let mut walk = Walk::new(model, &inputs, request);
    let run = match request.chain {
        Some(_) => Walk::run::<true>,
        None => Walk::run::<false>,
    };
    let elapsed = run(
        &mut walk,
        request.warmup,
        &mut labels,
        samples_ns.as_deref_mut(),
    )?;
    let last = walk.row;

    let scores = if request.scores {
        Some(scores_of(model, &inputs)?)
    } else {
        None
    };
    Ok(Reply::Inferred {
        elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
        last,
        labels: request.want.then(|| STANDARD.encode(&labels)),
        samples: samples_ns.map(|samples| base64_of_words(&samples, u32::to_le_bytes)),
        scores: scores.map(|scores| base64_of_words(&scores, f32::to_le_bytes)),
    })
}

/// Row by row, because overlapping rows side by side may be many times larger
/// than their file.
fn scores_of<M: Model>(model: &mut M, inputs: &Inputs) -> Result<Vec<f32>, String> {
    let mut scores = Vec::new();
    for row in 0..inputs.rows {
        model.score(inputs.batch(row, 1), &mut scores)?;
    }
    Ok(scores)
}
