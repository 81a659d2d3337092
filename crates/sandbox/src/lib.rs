//! A local AWS of several accounts and Regions; shares no type with the rest.
