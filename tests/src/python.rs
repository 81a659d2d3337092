//! Python with boto3, the AWS CLI and moto: a virtual environment under `target/`, made once.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository::root;

/// What the environment holds.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// Returns the environment's folder of programs (`python`, `aws`, `moto_server`), making it first where it is not
/// there. Without Python the caller is to skip what it does, which is said here; on CI that is a failure.
///
/// # Panics
/// With `CI=true`, where the environment cannot be made.
pub fn programs(who: &str) -> Option<PathBuf> {
    match prepare() {
        Ok(programs) => Some(programs),
        Err(why) => {
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "{who}: {why}"
            );
            skipped(who, &why);
            None
        }
    }
}

/// Says that a test did not run, past the test harness, which shows no output of tests that pass.
fn skipped(who: &str, why: &str) {
    let _nobody_reads = writeln!(std::io::stderr(), "skipped: {who}: {why}");
}

/// Test programs run at the same time and after each other: the first makes the environment, the others wait.
fn prepare() -> Result<PathBuf, String> {
    let folder = root().join("target/clients");
    fs::create_dir_all(root().join("target")).map_err(|error| error.to_string())?;
    let lock = File::create(folder.with_extension("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let wanted =
        fs::read_to_string(root().join(REQUIREMENTS)).map_err(|error| error.to_string())?;
    let ready = folder.join("ready");
    if fs::read_to_string(&ready).is_ok_and(|made| made == wanted) {
        return Ok(folder.join("bin"));
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ];
    let python = folder.join("bin/python");
    run(Command::new(python)
        .args(install)
        .arg(root().join(REQUIREMENTS)))?;
    fs::write(&ready, wanted).map_err(|error| error.to_string())?;
    Ok(folder.join("bin"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = Path::new(command.get_program()).display().to_string();
    let arguments = command
        .get_args()
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ");
    let output = command
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {arguments}: {}", said.trim()))
}
