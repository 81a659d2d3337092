//! A running sandbox.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::athena::Athena;
use crate::authority::Authority;
use crate::builder::Builder;
use crate::call_log::{CallLog, CallRecord};
use crate::clock::Clock;
use crate::cloudwatch::CloudWatch;
use crate::environment::Environment;
use crate::error::{SeedError, StartError};
use crate::front::{Admission, Front, Server, Services};
use crate::iam::Iam;
use crate::keys::KeyRing;
use crate::kms::Kms;
use crate::s3::S3;
use crate::sns::Sns;
use crate::sts::Sts;
use crate::switches::Switches;
use crate::trail::CloudTrail;
use crate::vault::Vault;
use crate::world::World;

/// A running sandbox: accounts, Regions and services behind one port. It stops when dropped.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let sandbox = s3ferry_sandbox::Sandbox::builder()
///     .account("111111111111", "eu-west-1")
///     .account("222222222222", "eu-central-1")
///     .start()
///     .await?;
/// assert!(sandbox.endpoint().starts_with("http://127.0.0.1:"));
/// sandbox.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sandbox {
    front: Arc<Front>,
    server: Server,
}

// Beside the sandbox and not beside the builder, which need not know what it builds.
impl Builder {
    /// Starts the sandbox.
    ///
    /// # Errors
    /// Where there is no account, an account id is not valid, or the address cannot be used.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        self.check()?;
        Sandbox::start(self).await
    }
}

impl Sandbox {
    /// Begins to describe a sandbox.
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn start(builder: Builder) -> Result<Self, StartError> {
        let address = builder.listen;
        let socket = Server::bind(address)?;
        let failed = |source| StartError::Listen { address, source };
        let at = socket.local_addr().map_err(failed)?;
        let content = builder.content.clone();
        let front = Arc::new(assemble(builder, at)?);
        if let Some(content) = content {
            front.world.load_seed(&content)?;
        }
        // From here on the port is open.
        let listener = Server::listen(socket).map_err(failed)?;
        let server = Server::serve(listener, Arc::clone(&front));
        Ok(Self { front, server })
    }

    /// Returns the endpoint, as `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.front.world.endpoint
    }

    /// Returns the access key id of the first account's root. Unlike AWS's root it may assume
    /// roles, and the role `sandbox` of every account trusts it.
    pub fn root_access_key_id(&self) -> &str {
        &self.front.world.root.id
    }

    /// Returns the secret that goes with [`Sandbox::root_access_key_id`].
    pub fn root_secret_access_key(&self) -> &str {
        &self.front.world.root.secret
    }

    /// Returns the variables that point SDKs and tools at the sandbox.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.front.world.environment()
    }

    /// Returns the switches for faults, delays and stale reads.
    pub fn switches(&self) -> &Switches {
        &self.front.environment.switches
    }

    /// Returns the clock, which can be moved forward.
    pub fn clock(&self) -> &Clock {
        &self.front.environment.clock
    }

    /// Returns the API calls since the start or the last reset.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.front.environment.calls.all()
    }

    /// Forgets the API calls so far; their numbers begin again at 1.
    pub fn reset_calls(&self) {
        self.front.environment.calls.reset();
    }

    /// Waits until no replication work is pending and no job of S3 Batch Operations goes on by itself.
    pub async fn settle(&self) {
        self.front.world.settle().await;
    }

    /// Returns the state of the whole world, in an order that does not depend on chance.
    pub fn snapshot(&self) -> serde_json::Value {
        self.front.world.snapshot()
    }

    /// Returns what topics got: what was delivered, to whom, and what was refused and why, oldest first.
    pub fn mailbox(&self) -> serde_json::Value {
        self.front.world.sns.mailbox()
    }

    /// Fills the sandbox with the keys, buckets and objects of a seed file, given as its JSON text;
    /// the format is that of the crate's `seed` modules.
    ///
    /// # Errors
    /// Where the text is not a seed, a bucket exists already, or S3 would refuse a part of it. What
    /// came before that part stays.
    pub fn load_seed(&self, json: &str) -> Result<(), SeedError> {
        self.front.world.load_seed(json)
    }

    /// Stops the sandbox, waiting a moment for calls in flight.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// Makes the services of a sandbox and puts them behind one front.
fn assemble(builder: Builder, at: SocketAddr) -> Result<Front, StartError> {
    let Builder {
        accounts,
        listen: _,
        seed,
        control_is_open,
        content: _,
    } = builder;
    let first = accounts.first().cloned().ok_or(StartError::NoAccounts)?;
    let (clock, switches) = (Clock::default(), Arc::new(Switches::default()));
    let keys = KeyRing::new(clock.clone());
    let iam = Iam::new(
        &accounts,
        seed,
        clock.clone(),
        Arc::clone(&switches),
        keys.clone(),
    );
    let root = iam.add_root_key(&first.id);
    let authority: Arc<dyn Authority> = Arc::new(iam.clone());
    let kms = Kms::new(seed, clock.clone(), Arc::clone(&authority));
    let vault: Arc<dyn Vault> = Arc::new(kms.clone());
    let sns = Sns::new(
        seed,
        clock.clone(),
        Arc::clone(&authority),
        Arc::clone(&vault),
    );
    let environment = Environment {
        authority,
        vault,
        notifier: Arc::new(sns.clone()),
        calls: Arc::new(CallLog::new()),
        clock,
        switches,
        seed,
    };
    let s3 = S3::start(&environment, keys.clone());
    let cloudwatch = CloudWatch::new(&environment, Arc::new(s3.clone()));
    let trail = CloudTrail::start(environment.clone(), s3.depot());
    let athena = Athena::new(environment.clone(), s3.errands());
    let world = World {
        admission: Admission::new(at, control_is_open),
        endpoint: format!("http://{at}"),
        root,
        region: first.region,
        iam: iam.clone(),
        kms: kms.clone(),
        s3: s3.clone(),
        sns: sns.clone(),
        cloudwatch: cloudwatch.clone(),
        trail: trail.clone(),
        athena: athena.clone(),
    };
    let services = Services {
        s3,
        query: vec![
            Box::new(iam.clone()),
            Box::new(Sts::new(iam)),
            Box::new(sns),
        ],
        json: vec![Box::new(kms), Box::new(trail), Box::new(athena)],
        rpc: vec![Box::new(cloudwatch)],
    };
    Ok(Front::new(environment, keys, services, world))
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}
