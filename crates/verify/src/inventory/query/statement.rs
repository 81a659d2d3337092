//! The statements: a table for each list, the query over both, and the end of the tables.

use std::fmt::Write as _;

use crate::inventory::manifest::{Format, Manifest};

/// A table of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The database, as a spec may name one.
    pub database: String,
    /// Its name: lower-case letters, digits and underscores.
    pub name: String,
    /// The folder of its `symlink.txt`, with the bucket and a slash at its end.
    pub folder: String,
}

/// Why a statement cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    /// A place with characters that Athena might not take for a part of its name.
    #[error("Athena is asked only of places of letters, digits, and / = . _ -; it has {0:?}")]
    Place(char),
    /// A folder without a name, which Athena takes out of a place (Athena UG, tables-location-format).
    #[error("Athena takes folders without a name out of a place, and reads another one")]
    Nameless,
}

/// What is declared of ORC and Parquet, which Athena reads by name, with its type there and its name in manifests.
const TYPED: [(&str, &str, &str); 9] = [
    ("key", "string", "Key"),
    ("version_id", "string", "VersionId"),
    ("is_latest", "boolean", "IsLatest"),
    ("is_delete_marker", "boolean", "IsDeleteMarker"),
    ("size", "bigint", "Size"),
    ("e_tag", "string", "ETag"),
    ("storage_class", "string", "StorageClass"),
    ("last_modified_date", "timestamp", "LastModifiedDate"),
    ("encryption_status", "string", "EncryptionStatus"),
];

impl Table {
    /// The statement that makes it (UG:storage-inventory-athena-query): the files of one list, by its symlink.
    ///
    /// # Errors
    /// [`Unsaid`] where its folder cannot be said.
    pub fn create(&self, of: &Manifest) -> Result<String, Unsaid> {
        let is_plain = |char: &char| char.is_ascii_alphanumeric() || "/=._-".contains(*char);
        if let Some(char) = self.folder.chars().find(|char| !is_plain(char)) {
            return Err(Unsaid::Place(char));
        }
        if self.folder.contains("//") {
            return Err(Unsaid::Nameless);
        }
        let serde = match of.format {
            Format::Csv => "'org.apache.hadoop.hive.serde2.OpenCSVSerde'",
            // Without it Athena reads ORC by the order of columns (Athena UG, handling-schema-updates-chapter).
            Format::Orc => {
                "'org.apache.hadoop.hive.ql.io.orc.OrcSerde' WITH SERDEPROPERTIES ('orc.column.index.access' = 'false')"
            }
            Format::Parquet => "'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'",
        };
        let Self {
            database,
            name,
            folder,
        } = self;
        let columns = columns(of).join(", ");
        Ok(format!(
            "CREATE EXTERNAL TABLE `{database}`.`{name}` ({columns}) ROW FORMAT SERDE {serde} \
             STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat' \
             OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat' LOCATION 's3://{folder}'"
        ))
    }

    /// The statement that forgets it; the files stay.
    #[must_use]
    pub fn drop(&self) -> String {
        let Self { database, name, .. } = self;
        format!("DROP TABLE IF EXISTS `{database}`.`{name}`")
    }
}

/// The columns of a table. CSV has them in the order of its manifest, all of them texts; what is not read needs no name of its own.
fn columns(of: &Manifest) -> Vec<String> {
    if of.format != Format::Csv {
        let has = TYPED
            .iter()
            .filter(|(.., in_manifests)| of.has(in_manifests));
        return has
            .map(|(name, kind, _)| format!("`{name}` {kind}"))
            .collect();
    }
    let mut told: Vec<&str> = Vec::new();
    let names = of.columns.iter().enumerate().map(|(at, column)| {
        let known = TYPED
            .iter()
            .find(|(.., in_manifests)| in_manifests == column);
        match known.filter(|(name, ..)| !told.contains(name)) {
            Some((name, ..)) => {
                told.push(name);
                format!("`{name}` string")
            }
            None => format!("`other_{at}` string"),
        }
    });
    names.collect()
}

/// How closely the query looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Whether current objects alone are compared, by their keys.
    pub only_current: bool,
    /// Whether every version is told, because more is asked of each than lists say.
    pub every: bool,
}

/// The query.
#[must_use]
pub fn select(tables: [&Table; 2], of: [&Manifest; 2], scope: Scope) -> String {
    let [source, destination] = [0, 1].map(|side| rows(side, tables[side], of[side], scope));
    let versions: String = ["s", "d"].iter().zip([0, 1]).fold(
        String::new(),
        |mut text, (name, side)| {
            let sum = |what: &str| format!("sum(CASE WHEN side = {side} THEN {what} ELSE 0 END)");
            let (rows, markers, bytes) = (sum("1"), sum("marker"), sum("size"));
            let _ = write!(
                text,
                "{rows} AS {name}_rows, {markers} AS {name}_markers, {bytes} AS {name}_bytes, {} AS {name}_high, {} AS {name}_low, ",
                sum("high"),
                sum("low")
            );
            for what in ROW {
                let _ = write!(text, "max(CASE WHEN side = {side} THEN {what} END) AS {name}_{what}, ");
            }
            text
        },
    );
    let doubted = if scope.every {
        "1".to_owned()
    } else {
        // What is one row of each side, the same but for an ETag that is no hash.
        "max(CASE WHEN s_rows = 1 AND d_rows = 1 AND s_size = d_size AND s_latest = d_latest AND s_marker = d_marker \
         AND (s_marker = 1 OR s_opaque = 1 OR d_opaque = 1 OR s_etag = d_etag) THEN 0 ELSE 1 END) OVER (PARTITION BY k)"
            .to_owned()
    };
    let told: String = ["s", "d"].iter().fold(String::new(), |text, name| {
        let sums = ["rows", "markers", "bytes", "high", "low"];
        let sums = sums.map(|what| format!("sum({name}_{what}), "));
        let rows = ROW.map(|what| format!("max({name}_{what}), "));
        text + &sums.concat() + &rows.concat()
    });
    let grouped = "CASE WHEN doubted = 1 THEN k END, CASE WHEN doubted = 1 THEN v END, \
                   CASE WHEN s_marker = 0 AND s_opaque = 0 AND d_opaque = 0 THEN 1 ELSE 0 END";
    format!(
        "WITH listed AS ({source} UNION ALL {destination}), \
         hashed AS (SELECT side, k, v, latest, marker, size, etag, class, modified, \
         CASE WHEN k = '' OR latest IS NULL OR marker IS NULL OR size IS NULL OR size < 0 THEN 1 ELSE 0 END AS bad, \
         CASE WHEN marker = 0 AND (encryption NOT IN ('', 'SSE-S3', 'NOT-SSE') OR NOT regexp_like(etag, '{HASH}')) THEN 1 ELSE 0 END AS opaque, \
         to_hex(md5(to_utf8(v || '/' || CAST(size AS VARCHAR) || '/' || CAST(marker AS VARCHAR) || '/' || k))) AS digest FROM listed), \
         marked AS (SELECT *, CAST(from_base(substr(digest, 1, 15), 16) AS DECIMAL(38, 0)) AS high, \
         CAST(from_base(substr(digest, 16, 15), 16) AS DECIMAL(38, 0)) AS low FROM hashed), \
         versions AS (SELECT k, v, {versions}sum(bad) AS bad FROM marked GROUP BY k, v), \
         judged AS (SELECT *, {doubted} AS doubted FROM versions) \
         SELECT {grouped}, count(*), {told}sum(bad) FROM judged GROUP BY {grouped} ORDER BY 1"
    )
}

/// An ETag that is a hash, as [`crate::entry::EtagForm`] has it.
const HASH: &str = "^[0-9a-fA-F]{32}(-[0-9]{1,9})?$";

/// What of each side's row is told.
pub(super) const ROW: [&str; 7] = [
    "size", "latest", "marker", "etag", "opaque", "class", "modified",
];

/// The rows of a list in the form that the query compares. What a list does not have is as a row that is read here has it.
fn rows(side: usize, table: &Table, of: &Manifest, scope: Scope) -> String {
    let Table { database, name, .. } = table;
    let is_csv = of.format == Format::Csv;
    let text = |name: &str, in_manifests| {
        if of.has(in_manifests) {
            format!("coalesce(\"{name}\", '')")
        } else {
            "''".to_owned()
        }
    };
    let flag = |name: &str, in_manifests, unsaid: u8| match (of.has(in_manifests), is_csv) {
        (false, _) => unsaid.to_string(),
        (true, true) => format!("CASE \"{name}\" WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"),
        (true, false) => format!("CASE WHEN \"{name}\" THEN 1 ELSE 0 END"),
    };
    // Keys are URL-encoded in CSV, with a plus for a space (UG:storage-inventory).
    let key = text("key", "Key");
    let key = if is_csv {
        format!("url_decode(replace({key}, '+', ' '))")
    } else {
        key
    };
    let version = if scope.only_current {
        "''".to_owned()
    } else {
        // Null versions have an empty ID in inventories (UG:inventory-configure-bops).
        let given = text("version_id", "VersionId");
        format!("CASE WHEN {given} = '' THEN 'null' ELSE {given} END")
    };
    let size = if is_csv {
        "CASE WHEN coalesce(\"size\", '') = '' THEN 0 ELSE TRY_CAST(\"size\" AS BIGINT) END"
    } else {
        "coalesce(\"size\", 0)"
    };
    let modified = match (of.has("LastModifiedDate"), is_csv) {
        (false, _) => "''",
        (true, true) => "coalesce(\"last_modified_date\", '')",
        (true, false) => {
            "coalesce(CAST(CAST(round(to_unixtime(\"last_modified_date\") * 1000) AS BIGINT) AS VARCHAR), '')"
        }
    };
    let (latest, marker) = (
        flag("is_latest", "IsLatest", 1),
        flag("is_delete_marker", "IsDeleteMarker", 0),
    );
    let meant = if scope.only_current {
        format!(" WHERE {latest} = 1 AND {marker} = 0")
    } else {
        String::new()
    };
    format!(
        "SELECT {side} AS side, {key} AS k, {version} AS v, {latest} AS latest, {marker} AS marker, {size} AS size, {} AS etag, {} AS class, \
         {modified} AS modified, {} AS encryption FROM \"{database}\".\"{name}\"{meant}",
        text("e_tag", "ETag"),
        text("storage_class", "StorageClass"),
        text("encryption_status", "EncryptionStatus"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(format: Format, columns: &str) -> Manifest {
        Manifest {
            source_bucket: "a".to_owned(),
            created_ms: 0,
            format,
            columns: columns.split(", ").map(str::to_owned).collect(),
            files: Vec::new(),
        }
    }

    fn table(folder: &str) -> Table {
        Table {
            database: "lists".to_owned(),
            name: "s3ferry_0_source".to_owned(),
            folder: folder.to_owned(),
        }
    }

    #[test]
    fn a_table_of_csv_has_every_column_in_its_place() {
        let of = manifest(
            Format::Csv,
            "Bucket, Key, VersionId, Size, Key, x` string) --",
        );
        let created = table("b/hive/dt=1/").create(&of).unwrap();
        let columns = "(`other_0` string, `key` string, `version_id` string, `size` string, `other_4` string, `other_5` string)";
        assert!(
            created.starts_with(&format!(
                "CREATE EXTERNAL TABLE `lists`.`s3ferry_0_source` {columns} "
            )),
            "{created}"
        );
        assert!(
            created.ends_with(" LOCATION 's3://b/hive/dt=1/'"),
            "{created}"
        );
    }

    #[test]
    fn a_table_with_types_has_what_is_read_of_it() {
        for format in [Format::Orc, Format::Parquet] {
            let of = manifest(format, "Message, Key, ReplicationStatus, Size, IsLatest");
            let created = table("b/").create(&of).unwrap();
            assert!(
                created.contains("(`key` string, `is_latest` boolean, `size` bigint)"),
                "{created}"
            );
        }
    }

    /// Nothing that is said in another way than as it is, is said.
    #[test]
    fn a_folder_that_would_end_its_text_is_not_said() {
        let of = manifest(Format::Csv, "Bucket, Key, Size");
        for char in [
            '\'', '"', '`', '\\', ';', ' ', '\n', '%', '$', '*', 'ü', '\0',
        ] {
            let told = table(&format!("b/a{char}b/")).create(&of);
            assert_eq!(told, Err(Unsaid::Place(char)));
        }
        assert!(table("b-1.x/A_b/hive/dt=1/").create(&of).is_ok());
        let nameless = table("b//hive/dt=1/").create(&of);
        assert_eq!(nameless, Err(Unsaid::Nameless));
    }

    #[test]
    fn what_a_list_does_not_have_is_not_asked_for() {
        let least = [Format::Csv, Format::Orc]
            .map(|format| manifest(format, "Key, Size, LastModifiedDate, ETag"));
        let [one, two] = [table("b/"), table("c/")];
        let scope = Scope {
            only_current: true,
            every: false,
        };
        let query = select([&one, &two], [&least[0], &least[1]], scope);
        for column in [
            "version_id",
            "is_latest",
            "encryption_status",
            "storage_class",
        ] {
            assert!(!query.contains(column), "{column}: {query}");
        }
        assert!(query.contains("OVER (PARTITION BY k)"), "{query}");
        let every = Scope {
            every: true,
            ..scope
        };
        let query = select([&one, &two], [&least[0], &least[1]], every);
        assert!(!query.contains("OVER"), "{query}");
    }
}
