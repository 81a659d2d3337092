//! Ordinary clients judge the sandbox: every script under `tests/clients` runs against one of its own.
//!
//! `S3FERRY_JUDGES=kms.py,sns.py` runs these alone. A sandbox begins with the seed that lies beside its script.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use s3ferry_sandbox::Sandbox;
use s3ferry_tests::{python, repository};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Scripts at once; each is a Python process beside the sandbox.
const AT_ONCE: usize = 2;

#[test]
fn the_python_environment_is_there() {
    if let Some(programs) = python::programs("the Python environment") {
        for program in ["python", "aws", "moto_server"] {
            assert!(
                programs.join(program).exists(),
                "{program} was not installed"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_clients_find_what_is_documented() {
    let Some(programs) = python::programs("the judges under tests/clients") else {
        return;
    };
    let scripts = judges();
    assert!(!scripts.is_empty(), "no script was found");
    let (room, mut runs) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for script in scripts {
        let (room, programs) = (Arc::clone(&room), programs.clone());
        runs.spawn(async move {
            let _place = room.acquire().await.expect("nobody closes it");
            let output = judge(programs, &script).await;
            (!output.status.success()).then(|| told(&script, &output))
        });
    }
    let failed: Vec<_> = runs.join_all().await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Every script but those that only others import, which is what their names end with.
fn judges() -> Vec<String> {
    let files = repository::files_ending(".py");
    let names = files
        .iter()
        .filter_map(|file| file.strip_prefix("tests/clients").ok());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let all = names.filter(|name| !name.ends_with("_world.py"));
    let Ok(asked) = std::env::var("S3FERRY_JUDGES") else {
        return all.collect();
    };
    let asked: Vec<_> = asked.split(',').map(str::to_owned).collect();
    let all: Vec<_> = all.collect();
    for name in &asked {
        assert!(all.contains(name), "{name} is none of {all:?}");
    }
    asked
}

async fn judge(programs: impl AsRef<Path>, script: &str) -> Output {
    let mut builder = Sandbox::builder()
        .account("111111111111", "eu-west-1")
        .account("222222222222", "eu-central-1");
    let script = repository::root().join("tests/clients").join(script);
    if let Ok(seed) = std::fs::read_to_string(script.with_extension("json")) {
        builder = builder.content(seed);
    }
    let sandbox = builder.start().await.expect("the sandbox starts");
    let mut command = Command::new(programs.as_ref().join("python"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .arg(script)
        .envs(sandbox.environment())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "none")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    sandbox.shutdown().await;
    output
        .expect("the script is waited for")
        .expect("Python starts")
}

fn told(script: &str, output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{script}: {}\n{out}\n{err}", output.status)
}
