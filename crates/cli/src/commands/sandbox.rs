//! `s3ferry sandbox`: a local AWS to try specs against.

use std::path::Path;
use std::time::Duration;

use s3ferry_sandbox::{Sandbox, StartError};

use super::Ended;
use crate::args::{Control, SandboxArgs};
use crate::chain::chain;
use crate::exit::Exit;
use crate::files::{LONGEST_SEED, read_text};
use crate::printer::Printer;

/// Runs until Ctrl-C; prints the environment that points every client at it.
pub(crate) async fn run(printer: &Printer, args: &SandboxArgs) -> Ended {
    let sandbox = start(printer, args).await?;
    warn(printer, args);
    // A session token or a profile of the real AWS would be sent along with the sandbox's key.
    let unset = "unset AWS_PROFILE AWS_SESSION_TOKEN\n".to_owned();
    let export = |(name, value)| format!("export {name}={value}\n");
    let environment = sandbox
        .environment()
        .into_iter()
        .chain(no_proxy())
        .map(export);
    printer.data(&environment.fold(unset, |all, line| all + &line))?;
    printer.message(&format!(
        "The sandbox listens on {}. Role sandbox of every account can be assumed with this key. Ctrl-C ends it.",
        sandbox.endpoint()
    ));
    let stopped = tokio::signal::ctrl_c().await;
    sandbox.shutdown().await;
    stopped.map(|()| Exit::Done).map_err(|error| {
        printer.error(&format!("cannot wait for Ctrl-C: {error}"), None);
        Exit::Error
    })
}

/// Where a proxy is set, it does not lead to a sandbox of this machine.
fn no_proxy() -> Option<(String, String)> {
    let is_proxy = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].contains(&name.as_str())
    };
    let any = std::env::vars_os().any(|(name, _)| is_proxy(&name.to_string_lossy()));
    any.then(|| {
        let before = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
        let before = before.map_or_else(|_| String::new(), |before| format!("{before},"));
        (
            "NO_PROXY".to_owned(),
            format!("'{before}127.0.0.1,localhost'"),
        )
    })
}

async fn start(printer: &Printer, args: &SandboxArgs) -> Result<Sandbox, Exit> {
    let mut builder = Sandbox::builder().listen(args.listen);
    for account in &args.account {
        let Some((id, region)) = account.split_once(':') else {
            printer.error(&format!("--account {account}: it must be ID:REGION"), None);
            return Err(Exit::Usage);
        };
        builder = builder.account(id, region);
    }
    if args.control == Control::Open {
        builder = builder.open_control();
    }
    if let Some(path) = &args.seed {
        builder = builder.content(seed(printer, path)?);
    }
    let sandbox = builder.start().await.map_err(|error| {
        printer.error(&chain(&error), None);
        match error {
            StartError::Content(_) => Exit::Usage,
            _ => Exit::Error,
        }
    })?;
    sandbox
        .switches()
        .latency(Duration::from_millis(args.latency))
        .replication_delay(Duration::from_millis(args.replication_delay))
        .propagation_delay(Duration::from_millis(args.propagation_delay));
    Ok(sandbox)
}

fn seed(printer: &Printer, path: &Path) -> Result<String, Exit> {
    read_text(path, LONGEST_SEED).map_err(|error| {
        printer.error(&format!("cannot read {}: {error}", path.display()), None);
        Exit::Usage
    })
}

/// Says loudly what others than this machine's user may do now.
fn warn(printer: &Printer, args: &SandboxArgs) {
    if !args.listen.ip().is_loopback() {
        printer.warning(&format!(
            "the sandbox listens on {}, which is not of this machine alone: whoever reaches it sees what is in it, and its traffic is not \
             encrypted; put nothing real into it, or listen on 127.0.0.1",
            args.listen
        ));
    }
    if args.control == Control::Open {
        printer.warning(
            "the control endpoint asks for no token: every program of this machine can change the sandbox and read its keys",
        );
    }
}
