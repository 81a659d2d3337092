//! The commands, a file each. A command gives how the process ends; `Err` only means that it ended early.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
mod drift;
pub(crate) mod explain;
mod history;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod restore;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod validate;
pub(crate) mod verify;

use s3ferry_engine::Canceller;
use tokio::task::JoinHandle;

use crate::exit::Exit;

/// How a command ends.
pub(crate) type Ended = Result<Exit, Exit>;

/// Has each Ctrl-C ask what runs to stop, until it is aborted.
fn listen(canceller: Canceller) -> JoinHandle<()> {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            canceller.cancel();
        }
    })
}
