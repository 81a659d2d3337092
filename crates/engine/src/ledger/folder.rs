//! A ledger in a folder.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use s3ferry_core::format::reading::{Newer, Read};
use s3ferry_core::model::Document;
use s3ferry_core::plan::{PlacedCanary, Proof, Proofs};
use s3ferry_core::spec::Spec;

use super::backfill::{self, BACKFILL_FORMAT, BackfillReceipt, KeptBackfills};
use super::canary::{self, CanaryError};
use super::checksums::{CHECKSUMS_FORMAT, ChecksumsReceipt, KeptChecksums};
use super::document::{DocumentId, UnkeptDocument};
use super::left::{LeftByRuns, hear};
use super::receipt::{CanaryReceipt, RECEIPT_FORMAT, ReceiptError, ReceiptId, from_file};
use super::{LedgerError, LedgerLock, ReceiptStore, files as opened};
use crate::journal::{self, Header, Journal, JournalError, JournalFile};

/// Proofs belong into the repository; the lock and the journals are of one machine.
const IGNORED_BY_GIT: &str = "/lock\n/runs/\n";

/// The longest receipt that is read: one has less than a kilobyte, and half of that is names.
pub(super) const LONGEST_RECEIPT: u64 = 64 << 10;

/// The longest journal that is read: a run of 1,000 migrations writes some 10 MB.
pub(super) const LONGEST_JOURNAL: u64 = 256 << 20;

/// The longest document that is read: the rules of a configuration are 1,000 at most, of less than a kilobyte each.
const LONGEST_DOCUMENT: u64 = 32 << 20;

/// Documents hold what others wrote; they are of this machine, in a ledger of an earlier version, too.
const NO_DOCUMENT_FOR_GIT: &[u8] = b"*\n";

/// A ledger in a folder. Nothing is made before the first thing is kept, so that planning leaves no trace.
#[derive(Debug, Clone)]
pub struct FolderLedger {
    root: PathBuf,
}

/// The runs whose journals cannot be read, each with why.
pub type UnreadJournals = Vec<(String, JournalError)>;

/// What the receipts of a ledger prove.
#[derive(Debug, Default)]
pub struct KeptProofs {
    /// The subjects proven.
    pub proofs: Proofs,
    /// The receipts that prove them, by name.
    pub receipts: BTreeMap<ReceiptId, CanaryReceipt>,
    /// Files among the receipts that prove nothing.
    pub ignored: Vec<IgnoredReceipt>,
    /// What receipts of newer versions say that this one does not know, by the version that says it.
    pub newer: BTreeMap<(String, String), Newer>,
}

impl KeptProofs {
    fn keep(&mut self, id: ReceiptId, receipt: Read<CanaryReceipt>) {
        let Read { value, newer } = receipt;
        if let Some(newer) = newer {
            let by = (newer.format.clone(), newer.s3ferry.clone());
            match self.newer.entry(by) {
                Entry::Vacant(first) => drop(first.insert(newer)),
                Entry::Occupied(of_version) => of_version.into_mut().ignored.extend(newer.ignored),
            }
        }
        self.proofs.insert(value.proves());
        self.receipts.insert(id, value);
    }
}

/// What the ledger says of canaries that may lie in buckets.
#[derive(Debug, Default)]
pub struct KeptCanaries {
    /// The canaries.
    pub canaries: Vec<PlacedCanary>,
    /// Files among them that say nothing.
    pub ignored: Vec<(PathBuf, CanaryError)>,
}

/// A file among the receipts that proves nothing.
#[derive(Debug)]
pub struct IgnoredReceipt {
    /// The file.
    pub path: PathBuf,
    /// Why it proves nothing.
    pub why: ReceiptError,
}

impl FolderLedger {
    /// The ledger in this folder, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes the lock for a run; it is free again when the guard is dropped or the process is gone.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] where another process holds it, [`LedgerError::Io`] where the file system refuses.
    pub fn lock(&self, run: &str) -> Result<LedgerLock, LedgerError> {
        self.make_root()?;
        LedgerLock::take(&self.root, run)
    }

    /// Begins the journal of a run, `runs/<run>.jsonl`.
    ///
    /// # Errors
    /// [`LedgerError::Io`], also where a journal of that name exists: a run's journal is never written over.
    pub fn journal(&self, header: &Header) -> Result<Journal, LedgerError> {
        self.make_root()?;
        make_own_folder(&self.root.join("runs"))?;
        let path = self.path_of(&header.run);
        Journal::create(&path, header).map_err(LedgerError::io("begin the journal", path))
    }

    /// Reads the journals of the runs that applied a plan, by its digest, in the order of their names. What is no journal that
    /// can be read tells nothing.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder or a file cannot be read.
    pub fn journals_of(&self, plan: &str) -> Result<Vec<JournalFile>, LedgerError> {
        let mut journals = Vec::new();
        for path in files(&self.root.join("runs"), "jsonl")? {
            let content =
                opened::read(&path, LONGEST_JOURNAL).map_err(LedgerError::io("read", &path))?;
            journals.extend(journal::parse(&content).ok());
        }
        journals.retain(|journal| journal.header.plan == plan);
        Ok(journals)
    }

    /// The runs that there are journals of, by their names, which sort by time.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder cannot be read.
    pub fn runs(&self) -> Result<Vec<String>, LedgerError> {
        let paths = files(&self.root.join("runs"), "jsonl")?;
        let names = paths.iter().filter_map(|path| path.file_stem()?.to_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// The journal of a run that [`Self::runs`] names.
    ///
    /// # Errors
    /// [`JournalError`] where it cannot be read.
    pub fn journal_of(&self, run: &str) -> Result<JournalFile, JournalError> {
        let path = self.path_of(run);
        let content = opened::read(&path, LONGEST_JOURNAL).map_err(|source| JournalError::Io {
            path: path.display().to_string(),
            source,
        })?;
        journal::parse(&content)
    }

    /// What the last run of each target left there, and the journals that cannot be read and so tell nothing.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder cannot be read.
    pub fn left(&self, spec: &Spec) -> Result<(LeftByRuns, UnreadJournals), LedgerError> {
        let (mut left, mut unread) = (LeftByRuns::default(), UnreadJournals::new());
        // Runs of one second are told apart by when their journals were written last.
        let written = |run: &String| {
            let second = run.split('-').next().unwrap_or(run).to_owned();
            let metadata = fs::metadata(self.path_of(run));
            (second, metadata.and_then(|of| of.modified()).ok())
        };
        let mut runs = self.runs()?;
        runs.sort_by_cached_key(written);
        for run in runs {
            match self.journal_of(&run) {
                Ok(journal) => hear(&mut left, spec, &journal),
                Err(error) => unread.push((run, error)),
            }
        }
        Ok((left, unread))
    }

    /// A document that a run kept.
    ///
    /// # Errors
    /// [`UnkeptDocument`] where it is not there, is reached through a link, or is not what its name says.
    pub fn document(&self, id: &DocumentId) -> Result<Document, UnkeptDocument> {
        let path = self.documents().join(id.file_name());
        let content = opened::read_own(&path, LONGEST_DOCUMENT)?;
        id.open(&content)
    }

    fn keep_document_now(&self, id: &DocumentId, content: &[u8]) -> Result<(), LedgerError> {
        let folder = self.documents();
        let is_there = opened::read_own(&folder.join(id.file_name()), LONGEST_DOCUMENT)
            .is_ok_and(|found| found == content);
        if is_there {
            // Whoever wrote it may not have come to this yet.
            return sync_folder(&folder).map_err(LedgerError::io("flush", folder));
        }
        self.keep_file(&folder, &id.file_name(), content)?;
        let told = folder.join(".gitignore");
        match write_new(&told, NO_DOCUMENT_FOR_GIT) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            written => written.map_err(LedgerError::io("write", &told))?,
        }
        // The folder is new, and must last as its files do.
        sync_folder(&self.root).map_err(LedgerError::io("flush", &self.root))
    }

    /// Reads what the receipts prove.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder cannot be read. A file that cannot be read or relied on is no error: it is named
    /// and proves nothing.
    pub fn proofs(&self) -> Result<KeptProofs, LedgerError> {
        let mut kept = KeptProofs::default();
        // Temporary files of a killed run end otherwise.
        for path in files(&self.receipts(), "json")? {
            match from_file(&path, LONGEST_RECEIPT, RECEIPT_FORMAT) {
                Ok((id, receipt)) => kept.keep(id, receipt),
                Err(why) => kept.ignored.push(IgnoredReceipt { path, why }),
            }
        }
        Ok(kept)
    }

    /// Reads how jobs of backfills ended.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder cannot be read. A file that cannot be read or relied on is no error: it is named
    /// and says nothing.
    pub fn backfills(&self) -> Result<KeptBackfills, LedgerError> {
        let mut kept = KeptBackfills::default();
        for path in files(&self.copied(), "json")? {
            match from_file::<BackfillReceipt>(&path, LONGEST_RECEIPT, BACKFILL_FORMAT) {
                Ok((_, read)) => kept.ended.push(read.value.says()),
                Err(why) => kept.ignored.push((path, why)),
            }
        }
        Ok(kept)
    }

    /// Reads how jobs that computed checksums ended.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder cannot be read. A file that cannot be read or relied on is no error: it is named
    /// and says nothing.
    pub fn checksums(&self) -> Result<KeptChecksums, LedgerError> {
        let mut kept = KeptChecksums::default();
        for path in files(&self.computed(), "json")? {
            match from_file::<ChecksumsReceipt>(&path, LONGEST_RECEIPT, CHECKSUMS_FORMAT) {
                Ok((id, read)) => kept.found.push((id, read.value)),
                Err(why) => kept.ignored.push((path, why)),
            }
        }
        Ok(kept)
    }

    /// Reads which canaries may lie in buckets, in the order of the files' names.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where the folder or a file cannot be read. A file that says nothing is no error: it is named.
    pub fn canaries(&self) -> Result<KeptCanaries, LedgerError> {
        let mut kept = KeptCanaries::default();
        for path in files(&self.placed(), "json")? {
            let content =
                opened::read(&path, LONGEST_RECEIPT).map_err(LedgerError::io("read", &path))?;
            match canary::read_note(&content) {
                Ok(canary) => kept.canaries.push(canary),
                Err(why) => kept.ignored.push((path, why)),
            }
        }
        Ok(kept)
    }

    /// Makes the ledger's folder, with a word to git of what in it is of this machine alone. In a folder that is there already,
    /// what git is told is its owner's.
    fn make_root(&self) -> Result<(), LedgerError> {
        if self.root.is_dir() {
            return Ok(());
        }
        make_folder(&self.root)?;
        let path = self.root.join(".gitignore");
        write_new(&path, IGNORED_BY_GIT.as_bytes()).map_err(LedgerError::io("write", &path))
    }

    /// The journal of a run.
    fn path_of(&self, run: &str) -> PathBuf {
        self.root.join("runs").join(format!("{run}.jsonl"))
    }

    fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    fn copied(&self) -> PathBuf {
        self.root.join("backfills")
    }

    fn computed(&self) -> PathBuf {
        self.root.join("checksums")
    }

    fn placed(&self) -> PathBuf {
        self.root.join("canaries")
    }

    /// Does what waits for the disk beside the run: all steps are of one task, and hundreds of files are flushed at once in the
    /// time of a few.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let ledger = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&ledger)).await;
        done.unwrap_or_else(|lost| {
            Err(LedgerError::io("write in", &self.root)(
                std::io::Error::other(lost),
            ))
        })
    }

    /// Writes a file whole, for good before it returns.
    pub(super) fn keep_file(
        &self,
        folder: &Path,
        name: &str,
        content: &[u8],
    ) -> Result<(), LedgerError> {
        self.make_root()?;
        make_own_folder(folder)?;
        let path = folder.join(name);
        let temporary = write_temporary(folder, content)?;
        fs::rename(&temporary, &path).map_err(LedgerError::io("rename into", &path))?;
        sync_folder(folder).map_err(LedgerError::io("flush", folder))
    }
}

impl ReceiptStore for FolderLedger {
    async fn keep(&self, receipt: &CanaryReceipt) -> Result<ReceiptId, LedgerError> {
        let content = receipt.content();
        let id = ReceiptId::of(&content);
        let name = id.file_name();
        self.aside(move |ledger| ledger.keep_file(&ledger.receipts(), &name, &content))
            .await?;
        Ok(id)
    }

    async fn keep_backfill(&self, receipt: &BackfillReceipt) -> Result<ReceiptId, LedgerError> {
        let content = receipt.content();
        let id = ReceiptId::of(&content);
        let name = id.file_name();
        self.aside(move |ledger| ledger.keep_file(&ledger.copied(), &name, &content))
            .await?;
        Ok(id)
    }

    async fn keep_checksums(&self, receipt: &ChecksumsReceipt) -> Result<ReceiptId, LedgerError> {
        let content = receipt.content();
        let id = ReceiptId::of(&content);
        let name = id.file_name();
        self.aside(move |ledger| ledger.keep_file(&ledger.computed(), &name, &content))
            .await?;
        Ok(id)
    }

    async fn proven_at(&self, proofs: &[Proof]) -> Result<Option<String>, LedgerError> {
        let proofs = proofs.to_vec();
        self.aside(move |ledger| {
            let kept = ledger.proofs()?;
            Ok(backfill::proven_at(kept.receipts.values(), &proofs))
        })
        .await
    }

    async fn place(&self, canary: &PlacedCanary) -> Result<(), LedgerError> {
        let content = canary::note(canary);
        let name = canary::file_name(canary);
        self.aside(move |ledger| ledger.keep_file(&ledger.placed(), &name, &content))
            .await
    }

    async fn forget(&self, canary: &PlacedCanary) -> Result<(), LedgerError> {
        let name = canary::file_name(canary);
        self.aside(move |ledger| {
            let path = ledger.placed().join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                // Not flushed: a note that comes back after a crash leads to nothing, and the next run sees that.
                removed => removed.map_err(LedgerError::io("remove", &path)),
            }
        })
        .await
    }

    async fn keep_document(&self, id: &DocumentId, content: Vec<u8>) -> Result<(), LedgerError> {
        let id = id.clone();
        self.aside(move |ledger| ledger.keep_document_now(&id, &content))
            .await
    }
}

/// The files of a folder with this ending, sorted; none where there is no folder.
pub(super) fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, LedgerError> {
    let failed = || LedgerError::io("read", folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|of| of == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn make_folder(path: &Path) -> Result<(), LedgerError> {
    fs::create_dir_all(path).map_err(LedgerError::io("make the folder", path))
}

/// Makes a folder within the ledger's.
fn make_own_folder(path: &Path) -> Result<(), LedgerError> {
    opened::make_folder(path).map_err(LedgerError::io("make the folder", path))
}

fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = opened::create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Writes under a name of the moment. One that is taken is of a killed run whose process had the same number.
fn write_temporary(folder: &Path, content: &[u8]) -> Result<PathBuf, LedgerError> {
    loop {
        let path = folder.join(temporary_name());
        match write_new(&path, content) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            written => {
                written.map_err(LedgerError::io("write", &path))?;
                return Ok(path);
            }
        }
    }
}

/// A name that no other writer of this machine uses: the process and a count.
fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(".{}-{count}.tmp", std::process::id())
}

/// Makes a rename last through a power failure, where the system lets folders be opened.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
