//! Every input that was kept is tried again, without a fuzzer.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use s3ferry_fuzz::{TARGETS, Try};

/// What a corpus may hold: enough to begin with, and nobody minds it in a clone.
const MOST_INPUTS: usize = 300;
const MOST_BYTES: usize = 300 << 10;

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

fn broken(target: &str, try_one: Try) -> Vec<PathBuf> {
    let mut inputs = inputs(target);
    inputs.retain(|input| {
        let data = fs::read(input).unwrap();
        catch_unwind(|| try_one(&data)).is_err()
    });
    inputs
}

#[test]
fn what_holds_for_any_input_holds_for_every_kept_one() {
    let broken: Vec<PathBuf> = TARGETS
        .iter()
        .flat_map(|(target, try_one)| broken(target, *try_one))
        .collect();
    assert_eq!(broken, Vec::<PathBuf>::new());
}

#[test]
fn corpora_are_small_and_there() {
    for (target, _) in TARGETS {
        let inputs = inputs(target);
        let bytes: usize = inputs
            .iter()
            .map(|input| fs::read(input).unwrap().len())
            .sum();
        assert!(inputs.len() >= 20, "{target}: {} inputs", inputs.len());
        assert!(
            inputs.len() <= MOST_INPUTS,
            "{target}: {} inputs",
            inputs.len()
        );
        assert!(bytes <= MOST_BYTES, "{target}: {bytes} bytes");
    }
}
