//! Who executes the queries of a sandbox's Athena: DuckDB, behind a translation of their dialect (`tests/clients/athena_world.py`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use s3ferry_sandbox::Sandbox;

use crate::{python, repository};

/// A process that executes queries until it is dropped.
#[derive(Debug)]
pub struct Executor {
    child: Child,
    log: PathBuf,
}

impl Executor {
    /// Starts one, with its notes in a folder; none without Python.
    ///
    /// # Panics
    /// Where Python does not start.
    pub fn start(sandbox: &Sandbox, folder: &Path) -> Option<Self> {
        let programs = python::programs("the executor of Athena's queries")?;
        let log = folder.join("queries");
        let child = Command::new(programs.join("python"))
            .arg(repository::root().join("tests/clients/athena_world.py"))
            .envs(sandbox.environment())
            .env("S3FERRY_ATHENA_LOG", &log)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .spawn()
            .expect("Python starts");
        Some(Self { child, log })
    }

    /// Returns the statements that it was asked.
    pub fn asked(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let statements = log.lines();
        statements
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}
