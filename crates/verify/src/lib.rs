//! Listings and inventories compared to a verdict; pure core and streaming readers.
