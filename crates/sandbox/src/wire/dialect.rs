//! What differs between the protocols of a service that speaks several.

/// What differs between the protocols of a service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Of its XML.
    pub(crate) namespace: &'static str,
    /// Codes of the query protocol, which refusals carry, with the shapes that the other protocols name. These put the code
    /// into the header `x-amzn-query-error`, for clients that knew the service before (`awsQueryCompatible`).
    pub(crate) shapes: &'static [(&'static str, &'static str)],
}

impl Dialect {
    /// Returns the shape of a code.
    pub(crate) fn shape<'a>(&self, code: &'a str) -> &'a str {
        let mut shapes = self.shapes.iter();
        let shape = shapes.find(|(known, _)| *known == code);
        shape.map_or(code, |(_, shape)| shape)
    }
}
