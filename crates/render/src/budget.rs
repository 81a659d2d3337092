//! Which items of a page are shown where there is not room for all: the most important first, whole, in short form
//! where the whole does not fit, and counted where neither does.

use std::collections::BTreeMap;

use crate::words::count;

/// An item: shown whole, in short form, or counted.
pub(crate) struct Item {
    /// The smaller, the earlier it gets room.
    pub(crate) rank: Rank,
    /// What it is called in the count of what was left out.
    pub(crate) class: Class,
    /// How many things it stands for.
    pub(crate) stands_for: usize,
    /// The whole, ending in a line end.
    pub(crate) full: String,
    /// The short form, likewise, where there is one.
    pub(crate) short: Option<String>,
}

/// What items are called where they are counted; the order is the order of the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A state or an action after the number, e.g. `to destroy`, with its place.
    Word(u8, &'static str),
    /// A noun that agrees with the number.
    Noun(&'static str),
}

/// How early an item gets room: dangers before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// It stops the plan, destroys, can't be undone or is likely to go wrong.
    Danger,
    /// It grants more access.
    Access,
    /// It says what the plan is about.
    Frame,
    /// It changes behaviour, or will hurt some day.
    Care,
    /// Everything else that changes.
    Change,
    /// It helps to understand the plan.
    Background,
}

/// What a line that counts begins with.
const LEFT_OUT: &str = "**Left out here for length: ";

/// A section of the page, with its items in the order in which they are shown.
pub(crate) struct Section {
    /// What stands above the items, ending in a line end.
    pub(crate) heading: String,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Full,
    Short,
    Counted,
}

/// The sections as one text of at most `room` units, as long as the headings and counts fit.
pub(crate) fn fit(sections: &[Section], room: usize) -> String {
    let reserved: usize = sections
        .iter()
        .map(|section| size(&section.heading) + size(&left_out(&section.items)))
        .sum();
    let shown = choose(sections, room.saturating_sub(reserved));
    let mut out = String::new();
    for (section, shown) in sections
        .iter()
        .zip(shown)
        .filter(|(section, _)| !section.items.is_empty())
    {
        out.push_str(&section.heading);
        for (item, shown) in section.items.iter().zip(&shown) {
            match shown {
                Shown::Full => out.push_str(&item.full),
                Shown::Short => out.push_str(item.short.as_deref().unwrap_or_default()),
                Shown::Counted => {}
            }
        }
        let counted = section
            .items
            .iter()
            .zip(&shown)
            .filter(|(_, shown)| **shown == Shown::Counted);
        out.push_str(&left_out(counted.map(|(item, _)| item)));
    }
    out
}

/// The size of a text in units of UTF-16, of which there are never fewer than characters: services count either.
pub(crate) fn size(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// By rank: first every item in its shortest form, then whole where there is room for it.
fn choose(sections: &[Section], mut room: usize) -> Vec<Vec<Shown>> {
    let mut shown: Vec<Vec<Shown>> = sections
        .iter()
        .map(|section| vec![Shown::Counted; section.items.len()])
        .collect();
    let mut by_rank: BTreeMap<Rank, Vec<(usize, usize)>> = BTreeMap::new();
    for (section, index, item) in places(sections) {
        by_rank.entry(item.rank).or_default().push((section, index));
    }
    for places in by_rank.values() {
        for (section, index) in places {
            let item = &sections[*section].items[*index];
            let (form, cost) = match &item.short {
                Some(short) => (Shown::Short, size(short)),
                None => (Shown::Full, size(&item.full)),
            };
            if cost <= room {
                room -= cost;
                shown[*section][*index] = form;
            }
        }
        for (section, index) in places {
            let item = &sections[*section].items[*index];
            let short = item.short.as_deref().map_or(0, size);
            if shown[*section][*index] == Shown::Short && size(&item.full) <= room + short {
                room = room + short - size(&item.full);
                shown[*section][*index] = Shown::Full;
            }
        }
    }
    shown
}

fn places(sections: &[Section]) -> impl Iterator<Item = (usize, usize, &Item)> {
    sections.iter().enumerate().flat_map(|(place, section)| {
        section
            .items
            .iter()
            .enumerate()
            .map(move |(index, item)| (place, index, item))
    })
}

/// The line that counts what is not shown, by class; empty where nothing is left out.
fn left_out<'a>(items: impl IntoIterator<Item = &'a Item>) -> String {
    let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
    for item in items {
        *classes.entry(item.class).or_default() += item.stands_for;
    }
    if classes.is_empty() {
        return String::new();
    }
    let part = |(class, number): (&Class, &usize)| match class {
        Class::Word(_, word) => format!("{number} {word}"),
        Class::Noun(noun) => count(*number, noun),
    };
    let parts: Vec<String> = classes.iter().map(part).collect();
    format!("\n{LEFT_OUT}{}.**\n", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(rank: Rank, full: &str, short: Option<&str>) -> Item {
        let short = short.map(str::to_owned);
        Item {
            rank,
            class: Class::Noun("item"),
            stands_for: 1,
            full: full.to_owned(),
            short,
        }
    }

    fn fitted(room: usize) -> String {
        let items = vec![
            item(Rank::Change, "change whole\n", Some("change\n")),
            item(Rank::Danger, "danger whole\n", Some("danger\n")),
        ];
        fit(
            &[Section {
                heading: "h\n".into(),
                items,
            }],
            room,
        )
    }

    #[test]
    fn everything_is_shown_where_there_is_room() {
        assert_eq!(fitted(200), "h\nchange whole\ndanger whole\n");
    }

    #[test]
    fn a_danger_is_shown_whole_before_anything_else_is_shown() {
        let all_left_out = size("h\n\n**Left out here for length: 2 items.**\n");
        let counted = "\n**Left out here for length: 1 item.**\n";
        assert_eq!(fitted(all_left_out + 20), "h\nchange\ndanger whole\n");
        assert_eq!(
            fitted(all_left_out + 13),
            format!("h\ndanger whole\n{counted}")
        );
        assert_eq!(fitted(all_left_out + 7), format!("h\ndanger\n{counted}"));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        assert_eq!(fitted(0), "h\n\n**Left out here for length: 2 items.**\n");
    }

    #[test]
    fn sizes_are_never_below_characters() {
        assert_eq!(size("a😀"), 3);
    }
}
