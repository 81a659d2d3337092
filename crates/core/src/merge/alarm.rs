//! Alarms: each is ours whole, or somebody else's.

use super::conflict::ConflictKind;
use super::{Merged, refuse};
use crate::model::kinds::Alarm;
use crate::model::{Document, Target};
use crate::scene::Scene;

/// `PutMetricAlarm` writes over whatever has the name (T25), so an alarm that does not say that it is ours, or that has become
/// one of another sort, is left unless it was handed over.
pub(super) fn alarm(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &Alarm,
    live: Option<&Document>,
) -> Merged {
    let Some(Document::Alarm(live)) = live else {
        return Ok(Some(Document::Alarm(Box::new(wanted.clone()))));
    };
    if !scene.adopts(&scene.names.address(target)) {
        if !scene.markers.describes_alarm(live.description.as_deref()) {
            return Err(refuse(scene, target, ConflictKind::UnmarkedAlarm));
        }
        if !live.unmodelled.is_empty() {
            let parts = live.unmodelled.clone();
            return Err(refuse(scene, target, ConflictKind::OtherAlarm(parts)));
        }
    }
    let after = Alarm {
        state: live.state.clone(),
        ..wanted.clone()
    };
    Ok(Some(Document::Alarm(Box::new(after))))
}

/// An alarm under a name of ours that left the spec goes where it says that it is ours.
pub(super) fn absent(scene: &Scene<'_>, live: Option<&Document>) -> Option<Document> {
    let Some(Document::Alarm(alarm)) = live else {
        return None;
    };
    let is_ours = scene.markers.describes_alarm(alarm.description.as_deref());
    (!is_ours).then(|| Document::Alarm(alarm.clone()))
}
