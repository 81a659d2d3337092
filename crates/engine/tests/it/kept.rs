//! What is written over is kept before it is, and what reads show of somebody else's is kept as well.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use s3ferry_core::format::document::{decode, encode};
use s3ferry_core::model::{Document, Target};
use s3ferry_core::plan::Step;
use s3ferry_engine::StepResult;
use s3ferry_engine::events::RunEvent;
use s3ferry_engine::ledger::{DocumentId, FolderLedger, Held, ReceiptStore as _, UnkeptDocument};
use s3ferry_engine::outcome::How as Done;
use s3ferry_engine::ports::{
    ListedVersion, NewObject, ObjectHead, Objects, PortError, Read, Write, WriteChange,
};
use s3ferry_engine::problem::ProblemKind;
use s3ferry_testkit::{MemoryReceipts, MemoryWorld, Recording, build};

use crate::prove::FullDisk;
use crate::support::{Told, given, how, policy, run, run_with, target};

type BucketRef = s3ferry_core::model::BucketRef;
type Tags = BTreeMap<String, String>;

fn name(document: &Document) -> String {
    DocumentId::of(&encode(document)).to_string()
}

fn befores(told: &Told) -> Vec<String> {
    let before = |event: &RunEvent| match event {
        RunEvent::Writing { before, .. } => before.clone(),
        _ => None,
    };
    told.events.iter().filter_map(before).collect()
}

fn lefts(told: &Told) -> Vec<String> {
    let left = |event: &RunEvent| match event {
        RunEvent::Settled { left, .. } => left.clone(),
        _ => None,
    };
    told.events.iter().filter_map(left).collect()
}

fn glimpsed(told: &Told) -> Vec<String> {
    let of = |event: &RunEvent| match event {
        RunEvent::Glimpsed { document, .. } => Some(document.clone()),
        _ => None,
    };
    told.events.iter().filter_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn the_journal_names_what_was_written_over_and_the_ledger_has_it() {
    let (world, step) = given();
    let receipts = MemoryReceipts::default();
    let told = run_with(std::slice::from_ref(&step), &world, how(&receipts)).await;
    assert_eq!(told.of(&step), &StepResult::Done(Done::Written));
    assert_eq!(befores(&told), [name(&policy("Before"))]);
    assert_eq!(lefts(&told), [name(&policy("After"))]);
    let kept: BTreeMap<String, Document> = receipts
        .documents()
        .values()
        .map(|content| decode(content).unwrap())
        .map(|document| (name(&document), document))
        .collect();
    let named = ["Before", "After"].map(|text| (name(&policy(text)), policy(text)));
    assert_eq!(kept, BTreeMap::from(named));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_nothing_of_it_is_kept() {
    let world = MemoryWorld::new().with_bucket(&build::source());
    let step = build::step(&target(), None, Some(policy("After")), &[]);
    let receipts = MemoryReceipts::default();
    let told = run_with(std::slice::from_ref(&step), &world, how(&receipts)).await;
    assert_eq!(befores(&told), ["absent"]);
    assert_eq!(receipts.documents().len(), 1, "what the run left");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_not_written_over() {
    let (world, step) = given();
    let world = Recording::new(world);
    let full = FullDisk { places: true };
    let told = run_with(std::slice::from_ref(&step), &world, how(&full)).await;
    let StepResult::Failed {
        problem,
        may_have_written: false,
    } = told.of(&step)
    else {
        panic!("{:?}", told.of(&step));
    };
    assert_eq!(problem.kind, ProblemKind::Ledger);
    assert!(problem.message.contains("not written over"), "{problem:?}");
    assert_eq!(world.written(), Vec::<String>::new());
    assert_eq!(world.inner().document(&target()), Some(policy("Before")));
}

/// Answers what it is told to after the first write, and then what is there.
struct Answering {
    world: MemoryWorld,
    after_write: Mutex<VecDeque<Option<Document>>>,
    wrote: Mutex<bool>,
    journal: Mutex<Vec<String>>,
}

impl Read for Answering {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        let next = if *self.wrote.lock().unwrap() {
            self.after_write.lock().unwrap().pop_front()
        } else {
            None
        };
        match next {
            Some(answer) => Ok(answer),
            None => self.world.read(target).await,
        }
    }
}

impl Write for Answering {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        *self.wrote.lock().unwrap() = true;
        self.journal.lock().unwrap().push("write".to_owned());
        self.world.write(target, change).await
    }
}

impl s3ferry_engine::ports::Pieces for Answering {}
impl s3ferry_engine::ports::Jobs for Answering {}

impl Objects for Answering {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        self.world.put(object).await
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        self.world.head(bucket, key, version).await
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        self.world.versions(bucket, key).await
    }

    async fn tags(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<Tags, PortError> {
        self.world.tags(bucket, key, version).await
    }

    async fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> Result<String, PortError> {
        Objects::put_delete_marker(&self.world, bucket, key).await
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        self.world.delete(bucket, key, version).await
    }
}

fn answering(answers: impl IntoIterator<Item = Option<Document>>) -> (Answering, Step) {
    let (world, step) = given();
    let world = Answering {
        world,
        after_write: Mutex::new(answers.into_iter().collect()),
        wrote: Mutex::new(false),
        journal: Mutex::default(),
    };
    (world, step)
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_came_and_went_is_kept_and_told_once() {
    let theirs = policy("Theirs");
    let answers = [&theirs, &policy("Before"), &theirs].map(|of| Some(of.clone()));
    let (world, step) = answering(answers);
    let receipts = MemoryReceipts::default();
    let told = run_with(std::slice::from_ref(&step), &world, how(&receipts)).await;
    assert_eq!(told.of(&step), &StepResult::Done(Done::Written));
    assert_eq!(glimpsed(&told), [name(&theirs)]);
    let content = encode(&theirs);
    assert!(receipts.documents().contains_key(&DocumentId::of(&content)));
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_of_what_the_run_found_or_wrote_is_nobody_elses() {
    let (world, step) = answering([Some(policy("Before")), Some(policy("After"))]);
    let told = run(std::slice::from_ref(&step), &world).await;
    assert_eq!(glimpsed(&told), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_journal_says_what_is_kept_before_the_write_is_sent() {
    let (world, step) = answering([]);
    let receipts = MemoryReceipts::default();
    let limits = crate::support::limits();
    let run = s3ferry_engine::Run {
        id: "run",
        world: &world,
        receipts: &receipts,
        clock: &crate::support::now,
        limits: &limits,
        read_at: tokio::time::Instant::now(),
        cancel: s3ferry_engine::CancelToken::never(),
    };
    let mut sink = |event: &RunEvent| {
        if matches!(event, RunEvent::Writing { .. }) {
            world.journal.lock().unwrap().push("told".to_owned());
        }
    };
    let steps = std::slice::from_ref(&step);
    s3ferry_engine::execute(steps, &run, &mut sink)
        .await
        .unwrap();
    assert_eq!(*world.journal.lock().unwrap(), ["told", "write"]);
}

async fn keep(ledger: &FolderLedger, document: &Document) -> DocumentId {
    let content = encode(document);
    let id = DocumentId::of(&content);
    ledger.keep_document(&id, content).await.unwrap();
    id
}

#[tokio::test]
async fn a_ledger_gives_a_document_as_it_was_kept_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FolderLedger::new(folder.path().join("ledger"));
    let id = keep(&ledger, &policy("Before")).await;
    assert_eq!(keep(&ledger, &policy("Before")).await, id);
    assert_eq!(ledger.document(&id).unwrap(), policy("Before"));
    let documents = folder.path().join("ledger/documents");
    assert_eq!(
        std::fs::read_to_string(documents.join(".gitignore")).unwrap(),
        "*\n"
    );
    let file = documents.join(format!("{}.json", id.hex()));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("Before", "Beware")).unwrap();
    assert!(matches!(ledger.document(&id), Err(UnkeptDocument::Hash)));
    // What was changed is mended when it is kept again.
    keep(&ledger, &policy("Before")).await;
    assert_eq!(ledger.document(&id).unwrap(), policy("Before"));
    assert_eq!(
        Held::parse(&id.to_string()),
        Some(Held::Document(id.clone()))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn documents_are_private_and_no_link_is_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let ledger = FolderLedger::new(at("ledger"));
    let id = keep(&ledger, &policy("Before")).await;
    let file = at("ledger/documents").join(format!("{}.json", id.hex()));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::rename(&file, at("theirs")).unwrap();
    symlink(at("theirs"), &file).unwrap();
    assert!(matches!(ledger.document(&id), Err(UnkeptDocument::File(_))));
    // A link in its place is replaced, and what it led to stays.
    std::fs::write(at("theirs"), "precious").unwrap();
    keep(&ledger, &policy("Before")).await;
    assert_eq!(std::fs::read_to_string(at("theirs")).unwrap(), "precious");
    assert_eq!(ledger.document(&id).unwrap(), policy("Before"));

    std::fs::rename(at("ledger/documents"), at("elsewhere")).unwrap();
    symlink(at("elsewhere"), at("ledger/documents")).unwrap();
    assert!(ledger.document(&id).is_err());
    let content = encode(&policy("After"));
    let other = DocumentId::of(&content);
    assert!(ledger.keep_document(&other, content).await.is_err());
    assert!(
        !at("elsewhere")
            .join(format!("{}.json", other.hex()))
            .exists()
    );
}
