//! The lock: one apply at a time per ledger and machine.
//!
//! An advisory lock of the file system, so that it is free again when its process is gone, however it went. It says nothing
//! to other machines.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::{LedgerError, files};

/// What is read of a lock file: a run's identity takes less.
const LONGEST_RUN: u64 = 100;

/// Holds the ledger's lock until it is dropped.
#[derive(Debug)]
pub struct LedgerLock {
    _file: File,
}

impl LedgerLock {
    pub(super) fn take(ledger: &Path, run: &str) -> Result<Self, LedgerError> {
        let path = ledger.join("lock");
        let mut file = files::open(&path).map_err(LedgerError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Locked {
                    path: ledger.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(LedgerError::io("lock", &path)(source));
            }
        }
        sign(&mut file, run).map_err(LedgerError::io("write", &path))?;
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File, run: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(run.as_bytes())
}

fn holder(file: &mut File) -> Option<String> {
    let mut run = String::new();
    file.take(LONGEST_RUN).read_to_string(&mut run).ok()?;
    (!run.is_empty()).then_some(run)
}
