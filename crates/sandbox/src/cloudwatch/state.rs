//! The state of CloudWatch: alarms and metrics of each account and Region.

use std::collections::BTreeMap;

use super::alarms::History;
use super::alarms::alarm::Alarm;
use super::metrics::series::Series;
use crate::metering::MetricId;
use crate::place::Place;

/// What an account has in a Region.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) alarms: BTreeMap<String, Alarm>,
    pub(super) history: History,
    pub(super) metrics: BTreeMap<MetricId, Series>,
    /// When alarms were set in the last second, for the switch that limits it.
    pub(super) alarm_writes: Vec<f64>,
}

/// What all accounts have in all Regions.
#[derive(Debug, Default)]
pub(super) struct State {
    places: BTreeMap<Place, Store>,
    /// When an alarm is to be evaluated next, at the earliest.
    next: Option<i64>,
}

impl State {
    pub(super) fn store(&self, place: &Place) -> Option<&Store> {
        self.places.get(place)
    }

    pub(super) fn store_mut(&mut self, place: &Place) -> &mut Store {
        self.places.entry(place.clone()).or_default()
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = (&Place, &Store)> {
        self.places.iter()
    }

    /// Returns every alarm by its place and name.
    pub(super) fn alarm_names(&self) -> impl Iterator<Item = (Place, String)> {
        let all = self.places.iter();
        all.flat_map(|(place, store)| {
            let names = store.alarms.keys();
            names.map(move |name| (place.clone(), name.clone()))
        })
    }

    /// Says whether an alarm may have to be evaluated.
    pub(super) fn is_due(&self, now: i64) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// Finds out when an alarm is to be evaluated next, at the earliest.
    pub(super) fn look_again(&mut self) {
        let stores = self.places.values();
        let alarms = stores.flat_map(|store| store.alarms.values());
        self.next = alarms.filter_map(Alarm::next_evaluation).min();
    }

    pub(super) fn alarm(&self, place: &Place, name: &str) -> Option<&Alarm> {
        self.places.get(place)?.alarms.get(name)
    }
}
