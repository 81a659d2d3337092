//! Who hears of what happens in a bucket: ours is one among others, and S3 tells one event of a key to one only.

use super::conflict::ConflictKind;
use super::{Merged, refuse};
use crate::model::Target;
use crate::model::kinds::{Document, Notification, Notifications};
use crate::scene::Scene;

/// The configuration in which that under our ID is as wanted, or is not.
pub(super) fn merge(
    scene: &Scene<'_>,
    target: &Target,
    wanted: Option<&Notification>,
    live: Option<&Document>,
) -> Merged {
    let mut after = match live {
        Some(Document::Notifications(live)) => live.clone(),
        _ => Notifications::default(),
    };
    let id = scene.markers.configuration_id();
    after.by_id.remove(&id);
    if let Some(wanted) = wanted {
        let mut others = after.by_id.iter();
        let taken = others.find_map(|(id, other)| Some((id, other, wanted.overlaps(other)?)));
        if let Some((id, other, event)) = taken {
            let kind = ConflictKind::ToldElsewhere {
                id: id.clone(),
                to: other.target.clone(),
                event: event.to_owned(),
                is_same: other.target == wanted.target,
            };
            return Err(refuse(scene, target, kind));
        }
        after.by_id.insert(id, wanted.clone());
    }
    Ok(after.unless_empty().map(Document::Notifications))
}
