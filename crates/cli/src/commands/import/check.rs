//! What a plan of an imported spec would change, said beside it: nothing but what it takes over.

use std::collections::BTreeMap;

use s3ferry_aws::Cloud;
use s3ferry_core::format::{Finding, FindingLevel};
use s3ferry_core::import::Draft;
use s3ferry_core::plan::{Comparisons, Plan, Proofs};
use s3ferry_core::remembered::Remembered;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;
use s3ferry_engine::ports::{Class, PortError};
use s3ferry_engine::{Survey, survey};

use crate::causes::messages;
use crate::commands::Ended;
use crate::exit::Exit;
use crate::printer::Printer;

/// Plans the spec against the world that it is of.
pub(super) async fn plan(
    cloud: &Cloud,
    spec: &Spec,
    parallelism: usize,
) -> Result<Plan, Vec<PortError>> {
    let of = Survey {
        spec,
        scope: &Scope::All,
        proofs: &Proofs::new(),
        remembered: &Remembered::default(),
        search: false,
        canaries: &[],
        ended: &[],
        comparisons: &Comparisons::default(),
    };
    Ok(survey(cloud, of, parallelism).await?.plan)
}

/// Says why it is not known what the plan would change. That the caller may not read what an import does not is as it shall be.
fn unplanned(printer: &Printer, failures: Vec<PortError>) {
    let unknown = "Whether planning this spec changes anything is not known";
    let is_denied = |failure: &PortError| failure.class == Class::Denied;
    let (denied, others): (Vec<_>, Vec<_>) = failures.into_iter().partition(is_denied);
    for (text, hint) in messages(&others) {
        printer.warning(&text);
        if let Some(hint) = hint {
            printer.message(hint);
        }
    }
    if denied.is_empty() {
        printer.message(&format!(
            "{unknown}: a plan could not read all that it needs."
        ));
    } else {
        printer.message(&format!(
            "{unknown}: a plan needs what s3ferry permissions PATH --for plan prints for the spec."
        ));
    }
}

/// Tells what the plan would change.
pub(super) fn tell(
    printer: &Printer,
    draft: &Draft,
    planned: Result<Plan, Vec<PortError>>,
) -> Ended {
    let plan = match planned {
        Ok(plan) => plan,
        Err(failures) => {
            unplanned(printer, failures);
            return Ok(Exit::Done);
        }
    };
    let blocked = plan
        .findings
        .iter()
        .filter(|finding| finding.level == FindingLevel::Blocked);
    for Finding {
        address, message, ..
    } in blocked
    {
        let text = format!("planning this spec is refused today: {address}: {message}");
        printer.warning(&s3ferry_render::sanitize(&text));
    }
    let mut by_target: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &plan.changes {
        *by_target.entry(&change.target).or_default() += 1;
    }
    let is_adoption = |target: &&str| draft.taken_over.contains(*target);
    let others: Vec<&str> = by_target
        .keys()
        .copied()
        .filter(|target| !is_adoption(target))
        .collect();
    let taken: usize = by_target
        .iter()
        .filter(|(target, _)| is_adoption(target))
        .map(|(_, count)| count)
        .sum();
    for target in &others {
        let text =
            format!("planning this spec changes {target}, which it could not be made to leave");
        printer.warning(&s3ferry_render::sanitize(&text));
    }
    printer.message(&match (taken, others.is_empty()) {
        (0, true) => "Planning this spec changes nothing.".to_owned(),
        (count, true) => format!(
            "Planning this spec makes {}, each by what guards.adopt takes over.",
            s3ferry_render::plural(count as u64, "change")
        ),
        (_, false) => "Planning this spec changes what is named above.".to_owned(),
    });
    Ok(Exit::Done)
}
