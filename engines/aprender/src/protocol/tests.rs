//! Tests of the protocol through its public interface. The engine's answers can
//! be computed by hand: the label of a row is its first float, its two scores
//! are its first and last.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use super::*;

struct Fake;

struct FakeModel {
    width: usize,
}

impl Engine for Fake {
    type Model = FakeModel;

    fn description(&self) -> Description {
        Description {
            name: "fake",
            version: "0",
            language: "rust",
            runtime: "none",
            device: "cpu",
            precision: "f32",
            scale: "logits",
            formats: &["apr"],
        }
    }

    fn load(&self, request: &Load) -> Result<FakeModel, String> {
        match request.path.as_str() {
            "broken" => Err("path: no\nmodel".to_owned()),
            _ => Ok(FakeModel {
                width: request.architecture.layers[0],
            }),
        }
    }

    fn trains(&self) -> bool {
        true
    }

    /// Returns its inputs as weights and biases.
    #[expect(clippy::cast_precision_loss)]
    fn train(&self, training: &Training) -> Result<Trained, String> {
        let outputs = training.architecture.layers[1];
        Ok(Trained {
            weights: training.floats[..outputs * training.dim].to_vec(),
            biases: vec![training.learning_rate * training.epochs as f32; outputs],
        })
    }
}

impl Model for FakeModel {
    fn parameters(&self) -> usize {
        self.width + 1
    }

    fn width(&self) -> usize {
        self.width
    }

    fn score_count(&self) -> usize {
        2
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn predict(&mut self, rows: Batch<'_>, labels: &mut [u8]) -> Result<(), String> {
        for (label, row) in labels.iter_mut().zip(rows) {
            assert_eq!(row.len(), self.width);
            *label = row[0] as u8;
        }
        Ok(())
    }

    fn score(&mut self, rows: Batch<'_>, scores: &mut Vec<f32>) -> Result<(), String> {
        for row in rows {
            scores.extend([row[0], row[self.width - 1]]);
        }
        Ok(())
    }
}

// ---- Tools ----------------------------------------------------------------

/// A file of floats that is removed with the test.
struct FloatFile(PathBuf);

impl FloatFile {
    fn new(floats: impl IntoIterator<Item = f32>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let serial = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("protocol-test-{}-{serial}.f32", std::process::id());
        let path = std::env::temp_dir().join(name);
        let bytes: Vec<u8> = floats.into_iter().flat_map(f32::to_le_bytes).collect();
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for FloatFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The replies to a whole conversation, which ends with its last request.
fn talk_bytes(requests: &[u8]) -> Vec<Value> {
    let mut output = Vec::new();
    serve(Fake, requests, &mut output).unwrap();
    let text = String::from_utf8(output).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn talk(requests: &[Value]) -> Vec<Value> {
    let mut lines = Vec::new();
    for request in requests {
        serde_json::to_writer(&mut lines, request).unwrap();
        lines.push(b'\n');
    }
    talk_bytes(&lines)
}

fn load_request(width: usize) -> Value {
    json!({"op": "load", "format": "apr", "path": "model", "threads": 1,
           "architecture": {"kind": "logistic-regression", "layers": [width, 2]}})
}

/// The reply to one `infer`, with a model loaded that has `dim` inputs.
fn infer_reply(request: &Value) -> Value {
    let width = request["dim"].as_u64().unwrap();
    let load = load_request(usize::try_from(width).unwrap());
    talk(&[load, request.clone()]).pop().unwrap()
}

fn with(request: &Value, field: &str, value: Value) -> Value {
    let mut changed = request.clone();
    changed[field] = value;
    changed
}

fn without(request: &Value, field: &str) -> Value {
    let mut changed = request.clone();
    changed.as_object_mut().unwrap().remove(field);
    changed
}

fn error_of(reply: &Value) -> &str {
    assert_eq!(reply.as_object().unwrap().len(), 1, "{reply}");
    reply["error"].as_str().unwrap()
}

fn binary(reply: &Value, field: &str) -> Vec<u8> {
    STANDARD.decode(reply[field].as_str().unwrap()).unwrap()
}

fn words<T>(reply: &Value, field: &str, from_le_bytes: impl Fn([u8; 4]) -> T) -> Vec<T> {
    let bytes = binary(reply, field);
    let (words, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    words.iter().map(|word| from_le_bytes(*word)).collect()
}

/// Labels of `count` rows that follow no short period.
fn drawn_labels(count: u32) -> Vec<u8> {
    let mut state = 12345_u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
            u8::try_from((state >> 16) % 251).unwrap()
        })
        .collect()
}

/// The path of the protocol, written from the protocol's text and not from the
/// code under test: the labels of the timed calls, and the last row.
struct Reference<'a> {
    row_labels: &'a [u8],
    chain: Option<(u128, u128)>,
    batch: u128,
    warmup: u128,
    calls: u128,
}

impl Reference<'_> {
    fn path(&self) -> (Vec<u8>, u64) {
        let rows = self.row_labels.len() as u128;
        let mut seen = Vec::new();
        let mut row = self.chain.map_or(0, |(first, _)| first);
        for k in 0..self.warmup + self.calls {
            if self.chain.is_none() && k == self.warmup {
                row = 0;
            }
            let mut label = 0;
            for offset in 0..self.batch {
                let index = usize::try_from((row + offset) % rows).unwrap();
                label = self.row_labels[index];
                if k >= self.warmup {
                    seen.push(label);
                }
            }
            row = match self.chain {
                Some((_, step)) => (5 * row + step + u128::from(label) + k) % rows,
                None => (row + self.batch) % rows,
            };
        }
        (seen, u64::try_from(row).unwrap())
    }

    /// Compares the code under test with this path, with one float in each row.
    fn compare(&self) {
        let file = FloatFile::new(self.row_labels.iter().map(|label| f32::from(*label)));
        let narrow = |number: u128| u64::try_from(number).unwrap();
        let mut request = json!({
            "op": "infer", "inputs": file.path(), "rows": self.row_labels.len(), "dim": 1,
            "batch": narrow(self.batch), "warmup": narrow(self.warmup),
            "calls": narrow(self.calls),
        });
        if let Some((first, step)) = self.chain {
            request["first"] = json!(narrow(first));
            request["step"] = json!(narrow(step));
        }
        for samples in [false, true] {
            let reply = infer_reply(&with(&request, "samples", json!(samples)));
            let (labels, last) = self.path();
            assert_eq!(binary(&reply, "labels"), labels, "{request}");
            assert_eq!(reply["last"], json!(last), "{request}");
            assert_eq!(reply.get("samples").is_some(), samples);
        }
    }
}

// ---- Order ----------------------------------------------------------------

#[test]
fn follows_the_order_of_the_protocol() {
    let drawn = drawn_labels(101);
    for row_count in [1, 2, 7, 101] {
        for batch in [1, 3, 7, 250] {
            for (warmup, calls) in [(0, 0), (0, 1), (5, 0), (5, 40)] {
                for chain in [None, Some((0, 0)), Some((row_count as u128 - 1, 977))] {
                    Reference {
                        row_labels: &drawn[..row_count],
                        chain,
                        batch,
                        warmup,
                        calls,
                    }
                    .compare();
                }
            }
        }
    }
}

#[test]
fn chains_with_the_largest_step() {
    Reference {
        row_labels: &drawn_labels(97),
        chain: Some((96, u128::from(STEP_MAX))),
        batch: 2,
        warmup: 3,
        calls: 200,
    }
    .compare();
}

#[test]
fn starts_the_timed_calls_at_row_0_without_first() {
    let file = FloatFile::new([10.0, 11.0, 12.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 3, "dim": 1, "batch": 2,
                         "warmup": 2, "calls": 2});
    let reply = infer_reply(&request);
    assert_eq!(binary(&reply, "labels"), [10, 11, 12, 10]);
    assert_eq!(reply["last"], 1);
}

#[test]
fn takes_overlapping_and_distant_rows() {
    let file = FloatFile::new((0_u8..9).map(f32::from));
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 4, "dim": 3, "hop": 1,
                         "batch": 4, "warmup": 0, "calls": 1, "scores": true});
    let reply = infer_reply(&request);
    assert_eq!(binary(&reply, "labels"), [0, 1, 2, 3]);
    let scores = words(&reply, "scores", f32::from_le_bytes);
    assert_eq!(scores, [0.0, 2.0, 1.0, 3.0, 2.0, 4.0, 3.0, 5.0]);

    let distant = with(&with(&request, "hop", json!(6)), "rows", json!(2));
    assert_eq!(
        binary(&infer_reply(&distant), "labels"),
        [0, 6, 0, 6],
        "the default of hop is dim, a longer one leaves gaps"
    );
    let side_by_side = with(&without(&request, "hop"), "rows", json!(3));
    assert_eq!(binary(&infer_reply(&side_by_side), "labels"), [0, 3, 6, 0]);
}

// ---- What a reply holds ---------------------------------------------------

#[test]
fn returns_what_was_asked_for_and_no_more() {
    let file = FloatFile::new([1.0, 2.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 2, "dim": 1, "batch": 1,
                         "warmup": 1, "calls": 3});
    let fields = |reply: &Value| -> Vec<String> {
        let names = reply.as_object().unwrap().keys().cloned();
        names.collect()
    };
    let plain = infer_reply(&request);
    assert_eq!(fields(&plain), ["elapsed_ns", "labels", "last"]);
    assert!(plain["elapsed_ns"].is_u64());

    let silent = infer_reply(&with(&request, "want", json!(false)));
    assert_eq!(fields(&silent), ["elapsed_ns", "last"]);
    assert_eq!(silent["last"], plain["last"]);

    let sampled = infer_reply(&with(&request, "samples", json!(true)));
    assert_eq!(
        fields(&sampled),
        ["elapsed_ns", "labels", "last", "samples"]
    );
    let samples_ns = words(&sampled, "samples", u32::from_le_bytes);
    assert_eq!(samples_ns.len(), 3);
    let sum_ns: u64 = samples_ns.iter().map(|ns| u64::from(*ns)).sum();
    assert!(sum_ns <= sampled["elapsed_ns"].as_u64().unwrap());
}

#[test]
fn answers_no_calls_with_empty_arrays() {
    let file = FloatFile::new([1.0, 2.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 2, "dim": 1, "batch": 1,
                         "first": 1, "step": 4, "warmup": 0, "calls": 0, "samples": true});
    let reply = infer_reply(&request);
    assert_eq!(reply["labels"], "");
    assert_eq!(reply["samples"], "");
    assert_eq!(reply["last"], 1);
}

#[test]
fn samples_saturate() {
    assert_eq!(sample_of(Duration::from_nanos(0)), 0);
    assert_eq!(
        sample_of(Duration::from_nanos(u64::from(u32::MAX))),
        u32::MAX
    );
    assert_eq!(sample_of(Duration::from_secs(5)), u32::MAX);
}

#[test]
fn reads_the_file_anew_and_no_further_than_due() {
    let file = FloatFile::new([1.0, 9.0, 9.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 1, "dim": 1, "batch": 1,
                         "warmup": 0, "calls": 1});
    assert_eq!(binary(&infer_reply(&request), "labels"), [1]);
    fs::write(file.path(), 7_f32.to_le_bytes()).unwrap();
    assert_eq!(binary(&infer_reply(&request), "labels"), [7]);
}

// ---- Bad input ------------------------------------------------------------

#[test]
fn names_the_field_that_is_wrong() {
    let file = FloatFile::new([1.0, 2.0, 3.0, 4.0]);
    let good = json!({"op": "infer", "inputs": file.path(), "rows": 2, "dim": 2, "hop": 2,
                      "batch": 1, "first": 0, "step": 0, "warmup": 0, "calls": 1, "want": true,
                      "samples": false, "scores": false});
    assert!(infer_reply(&good).get("error").is_none());
    let too_many = COUNT_MAX + 1;
    let cases = [
        ("inputs", json!(3)),
        ("inputs", json!("no/such/file")),
        ("inputs", json!(std::env::temp_dir().to_str())),
        ("rows", json!(0)),
        ("rows", json!(-1)),
        ("rows", json!(1.5)),
        ("rows", json!("2")),
        ("rows", json!(too_many)),
        ("hop", json!(0)),
        ("batch", json!(0)),
        ("first", json!(2)),
        ("first", json!(-1)),
        ("first", Value::Null),
        ("step", json!(1_u64 << 31)),
        ("step", Value::Null),
        ("warmup", json!(-1)),
        ("warmup", json!(too_many)),
        ("calls", json!(1e300)),
        ("calls", json!(COUNT_MAX)),
        ("want", json!(1)),
        ("samples", json!("yes")),
        ("scores", json!([])),
    ];
    for (field, value) in cases {
        let reply = infer_reply(&with(&good, field, value.clone()));
        let error = error_of(&reply);
        assert!(
            error.starts_with(&format!("{field}:")),
            "{field} = {value}: {error}"
        );
    }
    for field in [
        "inputs", "rows", "dim", "batch", "warmup", "calls", "first", "step",
    ] {
        let replies = talk(&[load_request(2), without(&good, field)]);
        let error = error_of(&replies[1]);
        assert!(error.starts_with(&format!("{field}: missing")), "{error}");
    }
}

#[test]
fn refuses_rows_past_the_end_of_the_file() {
    let file = FloatFile::new([1.0, 2.0, 3.0, 4.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 3, "dim": 2, "hop": 1,
                         "batch": 1, "warmup": 0, "calls": 1});
    assert!(infer_reply(&request).get("error").is_none());
    let longer = infer_reply(&with(&request, "rows", json!(4)));
    assert!(error_of(&longer).starts_with("inputs:"));
    let endless = with(
        &with(&request, "rows", json!(COUNT_MAX)),
        "hop",
        json!(COUNT_MAX),
    );
    assert!(error_of(&infer_reply(&endless)).starts_with("rows:"));
}

#[test]
fn refuses_a_model_width_that_is_not_the_rows() {
    let file = FloatFile::new([1.0, 2.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 1, "dim": 2, "batch": 1,
                         "warmup": 0, "calls": 1});
    let replies = talk(&[load_request(3), request]);
    assert!(error_of(&replies[1]).starts_with("dim:"));
}

#[test]
fn refuses_calls_that_no_memory_can_hold() {
    let file = FloatFile::new([1.0, 2.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 1, "dim": 2, "batch": 1,
                         "warmup": 0, "calls": 0, "want": false});
    let broad = infer_reply(&with(&request, "batch", json!(COUNT_MAX)));
    assert!(error_of(&broad).starts_with("batch:"));
    let many = infer_reply(&with(&request, "calls", json!(COUNT_MAX)));
    assert!(error_of(&many).starts_with("calls:"));
}

#[test]
fn refuses_a_reply_longer_than_a_line() {
    let file = FloatFile::new([1.0]);
    let request = json!({"op": "infer", "inputs": file.path(), "rows": 1, "dim": 1, "batch": 1,
                         "warmup": 0, "calls": 60_000_000});
    assert!(error_of(&infer_reply(&request)).starts_with("calls:"));
}

#[test]
fn refuses_bad_loads() {
    let good = load_request(2);
    assert_eq!(
        talk(std::slice::from_ref(&good)),
        [json!({"parameters": 3})]
    );
    let architecture = |value: Value| with(&good, "architecture", value);
    let bad = [
        ("format", with(&good, "format", json!("onnx"))),
        ("path", without(&good, "path")),
        ("threads", with(&good, "threads", json!(0))),
        ("architecture", without(&good, "architecture")),
        ("architecture", architecture(json!([1, 2]))),
        (
            "architecture",
            architecture(json!({"kind": "mlp", "layers": [2]})),
        ),
        (
            "architecture",
            architecture(json!({"kind": "mlp", "layers": [0, 2]})),
        ),
        ("architecture", architecture(json!({"layers": [2, 2]}))),
    ];
    for (field, request) in bad {
        let replies = talk(&[request]);
        assert!(error_of(&replies[0]).starts_with(&format!("{field}:")));
    }
}

#[test]
fn a_failed_load_leaves_no_model() {
    let infer = json!({"op": "infer", "inputs": "", "rows": 1, "dim": 2, "batch": 1,
                       "warmup": 0, "calls": 0});
    let broken = with(&load_request(2), "path", json!("broken"));
    let replies = talk(&[infer.clone(), load_request(2), broken, infer]);
    assert!(error_of(&replies[0]).contains("load"));
    assert_eq!(error_of(&replies[2]), "path: no model");
    assert!(error_of(&replies[3]).contains("load"));
}

// ---- Training -------------------------------------------------------------

fn train_request(inputs: &FloatFile, labels: &FloatFile, weights: &FloatFile) -> Value {
    json!({"op": "train", "inputs": inputs.path(), "labels": labels.path(), "weights": weights.path(),
           "rows": 4, "dim": 2, "classes": 2, "epochs": 3, "learning_rate": 0.5, "batch": 4,
           "architecture": {"kind": "logistic-regression", "layers": [2, 2]}})
}

#[test]
fn trains_and_writes_safetensors() {
    let inputs = FloatFile::new([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    // The bytes of 0.0 are labels of class 0.
    let (labels, weights) = (FloatFile::new([0.0]), FloatFile::new([]));
    let request = train_request(&inputs, &labels, &weights);
    let reply = talk(std::slice::from_ref(&request)).pop().unwrap();
    assert_eq!(reply["parameters"], json!(6), "{reply}");
    assert!(reply["elapsed_ns"].is_u64());
    let file = fs::read(weights.path()).unwrap();
    let (length, rest) = file.split_at(8);
    let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
    let header: Value = serde_json::from_slice(&rest[..length]).unwrap();
    assert_eq!(
        header["layers.0.weight"],
        json!({"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]})
    );
    assert_eq!(
        header["layers.0.bias"],
        json!({"dtype": "F32", "shape": [2], "data_offsets": [16, 24]})
    );
    assert_eq!(floats_of(&rest[length..]), [1.0, 2.0, 3.0, 4.0, 1.5, 1.5]);
}

#[test]
fn refuses_bad_trainings_by_field() {
    let inputs = FloatFile::new([0.0; 8]);
    let (labels, weights) = (
        FloatFile::new([f32::from_bits(0x0203_0001)]),
        FloatFile::new([]),
    );
    let request = train_request(&inputs, &labels, &weights);
    let shape = |kind: &str, layers: &[usize]| json!({"kind": kind, "layers": layers});
    for (field, value) in [
        ("batch", json!(5)),
        ("epochs", json!(0)),
        ("learning_rate", json!(-1)),
        ("learning_rate", json!(1e300)),
        ("architecture", shape("mlp", &[2, 2])),
        ("architecture", shape("logistic-regression", &[2, 3])),
        ("architecture", shape("logistic-regression", &[3, 2])),
        ("inputs", json!("missing")),
        ("weights", Value::Null),
    ] {
        let reply = talk(&[with(&request, field, value)]).pop().unwrap();
        assert!(error_of(&reply).starts_with(field), "{field}: {reply}");
    }
    let reply = talk(&[request]).pop().unwrap();
    assert!(error_of(&reply).starts_with("labels: 3 of 2"), "{reply}");
}

// ---- The conversation -----------------------------------------------------

#[test]
fn says_hello() {
    let hello = json!({"op": "hello", "protocol": 1, "unheard-of": {"a": [1]}});
    let replies = talk(&[hello, json!({"op": "hello", "protocol": 2})]);
    let expected = json!({
        "name": "fake", "version": "0", "language": "rust", "runtime": "none", "device": "cpu",
        "precision": "f32", "scale": "logits", "formats": ["apr"],
        "ops": ["hello", "load", "infer", "quit", "train"],
    });
    assert_eq!(replies[0], expected);
    assert!(error_of(&replies[1]).starts_with("protocol:"));
}

#[test]
fn answers_each_bad_line_and_goes_on() {
    let requests =
        b"\n{\n[]\n{\"op\":7}\n{}\n{\"op\":\"train\"}\n\xff\xfe\nnull\n{\"op\":\"infer\"}\n";
    let replies = talk_bytes(requests);
    assert_eq!(replies.len(), 9);
    for reply in &replies {
        error_of(reply);
    }
}

#[test]
fn quits_when_told_and_at_the_end() {
    let quit = json!({"op": "quit"});
    assert!(talk(&[quit, json!({"op": "hello", "protocol": 1})]).is_empty());
    assert!(talk_bytes(b"").is_empty());
    let unfinished = br#"{"op":"hello","protocol":1}"#;
    assert_eq!(talk_bytes(unfinished).len(), 1);
}

#[test]
fn bounds_the_length_of_a_line() {
    let limit = usize::try_from(LINE_LIMIT_BYTES).unwrap();
    let mut requests = br#"{"op":"hello","protocol":1,"padding":""#.to_vec();
    requests.resize(limit - 2, b'x');
    requests.extend(b"\"}\n");
    let too_long = vec![b'x'; limit + 1];
    requests.extend(too_long);
    requests.extend(b"\n{\"op\":\"hello\",\"protocol\":1}\n");
    let replies = talk_bytes(&requests);
    assert_eq!(replies.len(), 3);
    assert_eq!(replies[0]["name"], "fake");
    assert!(error_of(&replies[1]).contains("longer"));
    assert_eq!(replies[2]["name"], "fake");
}

#[test]
fn an_error_is_one_short_line() {
    let long = format!("{{\"op\":\"{}\"}}\n", "\\n".repeat(5000));
    let replies = talk_bytes(long.as_bytes());
    let error = error_of(&replies[0]);
    assert!(error.chars().count() <= ERROR_LIMIT_CHARS);
    assert!(!error.chars().any(char::is_control));
}
