//! A sandbox on a thread of its own, whose CPU time the kernel counts (`schedstat` of Linux).

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc;

use s3ferry_sandbox::Sandbox;
use serde_json::Value;

use crate::client::Client;

/// A sandbox on a thread of its own, until the process ends.
pub(crate) struct Running {
    endpoint: String,
    key: (String, String),
    schedstat: PathBuf,
}

impl Running {
    /// Starts a sandbox of two accounts that has what is in a seed.
    pub(crate) fn start(seed: Value) -> io::Result<Self> {
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let sandbox = Sandbox::builder()
                    .account("111111111111", "eu-west-1")
                    .account("222222222222", "eu-central-1")
                    .open_control()
                    .content(seed.to_string())
                    .start()
                    .await
                    .map_err(io::Error::other)?;
                let running = Self {
                    endpoint: sandbox.endpoint().to_owned(),
                    key: (
                        sandbox.root_access_key_id().to_owned(),
                        sandbox.root_secret_access_key().to_owned(),
                    ),
                    // The link names this thread; `thread-self` itself would name whoever reads.
                    schedstat: PathBuf::from("/proc")
                        .join(fs::read_link("/proc/thread-self")?)
                        .join("schedstat"),
                };
                send.send(running).map_err(io::Error::other)?;
                std::future::pending::<io::Result<()>>().await
            })
        });
        receive.recv().map_err(io::Error::other)
    }

    /// Connects as the role `sandbox` of an account.
    pub(crate) fn client(&self, account: &str, region: &'static str) -> io::Result<Client> {
        let (key, secret) = &self.key;
        let mut client = Client::connect(&self.endpoint, region, (key, secret))?;
        client.assume(account)?;
        Ok(client)
    }

    /// Returns the CPU time that the sandbox has taken so far.
    pub(crate) fn cpu_ms(&self) -> io::Result<f64> {
        let text = fs::read_to_string(&self.schedstat)?;
        let first = text
            .split(' ')
            .next()
            .and_then(|text| text.parse::<f64>().ok());
        Ok(first.unwrap_or(0.0) / 1e6)
    }
}

/// Returns the memory that the process has.
pub(crate) fn resident_mb() -> io::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.unwrap_or(0.0) / 1024.0)
}
