//! Batches as spreadsheets write them: CSV with a header row.
//!
//! Commas, semicolons or tabs, quotes, CRLF and a byte order mark are all well;
//! columns may stand in any order. A column that nobody knows refuses the file,
//! since its values would be lost; a row that is wrong is refused alone.

use csv::{ByteRecord, ReaderBuilder};
use esim_rsp::Error;
use esim_smdp::admin::{Column, Flaw, ReportRow, Row, to_cell};
use std::io::{self, Cursor, Read};

/// Octets from the beginning of which the separator is known: the first line, more or less.
const HEAD: u64 = 16 << 10;
/// Longest row, in octets.
const ROW_OCTETS: usize = 4 << 20;

/// Reads a file into rows, each with the line it begins in.
///
/// # Errors
/// As [`each_row`].
pub fn read_rows(file: &[u8]) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    each_row(file, |row| {
        rows.push(row);
        true
    })?;
    Ok(rows)
}

/// Reads a file row by row, each with the line it begins in, as long as `take` wants more; never more of it than the
/// longest row is in memory.
///
/// # Errors
/// A file that is no CSV in UTF-8, or one without a header row of known columns: what to do about it.
pub fn each_row(mut file: impl Read, mut take: impl FnMut(Row) -> bool) -> Result<(), Error> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
    let start = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return Err(Error::text("the file is in UTF-16: save it as CSV in UTF-8"));
    }
    let head = head.split_off(start);
    let delimiter = delimiter(&head);
    let file = Window { file: Cursor::new(head).chain(file), kept: Vec::new(), from: 0, gone: 0 };
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(file);
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(unreadable)? {
        return Err(Error::text("the file is empty: its first line names the columns"));
    }
    let columns = columns(&record)?;
    loop {
        let next = reader.position().byte();
        reader.get_mut().forget(next);
        if !reader.read_byte_record(&mut record).map_err(unreadable)? {
            return Ok(());
        }
        let line = line(&record, reader.get_ref().octets());
        let is_empty = record.iter().all(|value| value.trim_ascii().is_empty());
        if !is_empty && !take(row(line, &record, &columns)) {
            return Ok(());
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::text(format!("the file is no CSV: {error}"))
}

/// A file that remembers what the record that is being read is made of.
struct Window<R> {
    file: R,
    kept: Vec<u8>,
    /// Where in the file that begins.
    from: u64,
    /// How much of it nobody asks for any more.
    gone: usize,
}

impl<R> Window<R> {
    fn octets(&self) -> &[u8] {
        self.kept.get(self.gone..).unwrap_or_default()
    }

    /// Nothing before this place of the file is asked for any more.
    fn forget(&mut self, place: u64) {
        self.gone = usize::try_from(place - self.from).unwrap_or(usize::MAX).min(self.kept.len());
        // Not after each row: it moves what is behind.
        if self.gone as u64 >= HEAD {
            self.kept.drain(..self.gone);
            (self.from, self.gone) = (place, 0);
        }
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.octets().len() > ROW_OCTETS {
            return Err(io::Error::other("a row is longer than 4 MB: is a quote missing?"));
        }
        let read = self.file.read(buffer)?;
        self.kept.extend(buffer.iter().take(read));
        Ok(read)
    }
}

/// The header of [`write_report`].
pub const REPORT_COLUMNS: [&str; 8] =
    ["iccid", "profileType", "state", "activationCode", "eid", "lastAt", "lastFunction", "lastEvent"];

/// A report as CSV, with a header row.
pub fn write_report<'a>(rows: impl IntoIterator<Item = &'a ReportRow>) -> Vec<u8> {
    let text = |value: &'a Option<String>| value.clone().unwrap_or_default();
    let lines = rows.into_iter().map(|row| {
        let eid = row.eid.map(|eid| eid.to_string()).unwrap_or_default();
        [
            row.iccid.to_string(),
            row.profile_type.clone(),
            row.state.to_string(),
            text(&row.activation_code),
            eid,
            text(&row.last_at),
            text(&row.last_function),
            text(&row.last_event),
        ]
    });
    write(REPORT_COLUMNS, lines)
}

/// CSV with a header row, whose cells no spreadsheet runs or rounds ([`to_cell`]); [`read_rows`] reads them again.
pub fn write<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let header = columns.map(String::from);
    for row in std::iter::once(header).chain(rows) {
        // A vector takes everything, and all rows have as many values.
        let _ = writer.write_record(row.iter().map(|value| to_cell(value).into_owned()));
    }
    writer.into_inner().unwrap_or_default()
}

/// The separator that the first line has most of, outside of quotes.
fn delimiter(file: &[u8]) -> u8 {
    let first = file.split(|octet| matches!(octet, b'\n' | b'\r')).next().unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for octet in first {
        quoted ^= *octet == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!quoted && octet == separator);
        }
    }
    // The last of equals wins, and a comma is meant where there is none at all.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}

fn columns(header: &ByteRecord) -> Result<Vec<Column>, Error> {
    let names = header.iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|_| Error::text("the header row is not in UTF-8"))?;
    let mut columns = Vec::new();
    for name in &names {
        let column = Column::of(name).ok_or_else(|| unknown(&names))?;
        if columns.contains(&column) {
            return Err(Error::text(format!("column {column} is there twice")));
        }
        columns.push(column);
    }
    Ok(columns)
}

/// Names the columns that nobody knows, of a first line that has one.
fn unknown(names: &[&str]) -> Error {
    let (known, unknown): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| Column::of(name).is_some());
    // Where the header row is missing, the first row stands here, keys and all: quoted is only what stands beside
    // names that are known, or could not be a key.
    let looks_like_a_name =
        |name: &&str| name.len() <= 32 && !name.bytes().any(|octet| octet.is_ascii_digit());
    let is_header = !known.is_empty() || unknown.iter().all(looks_like_a_name);
    let quoted = |name: &&str| format!("{:?}", name.trim().chars().take(32).collect::<String>());
    let what = match is_header {
        true => {
            format!("there is no column {}", unknown.iter().map(quoted).collect::<Vec<_>>().join(" and no "))
        }
        false => "the first line does not name the columns".into(),
    };
    let all: Vec<_> = esim_smdp::admin::COLUMNS.iter().map(|known| known.name).collect();
    Error::text(format!("{what}; the columns are {}", all.join(", ")))
}

/// The line that a record begins in, which is made of these octets and those behind it: the reader counts empty lines before it as the record's own.
fn line(record: &ByteRecord, octets: &[u8]) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let breaks = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n'));
    position.line() + breaks.filter(|octet| **octet == b'\n').count() as u64
}

fn row(line: u64, record: &ByteRecord, columns: &[Column]) -> Row {
    let mut row = Row::new(line);
    let beyond = record.iter().skip(columns.len()).any(|value| !value.trim_ascii().is_empty());
    if record.len() < columns.len() || beyond {
        let reason = format!("the row has {} values for {} columns", record.len(), columns.len());
        row.blame(Flaw::whole(reason));
    }
    for (column, value) in columns.iter().zip(record) {
        match std::str::from_utf8(value) {
            Ok(text) => row.set(*column, text),
            Err(_) => row.blame(Flaw::of(*column, "is not in UTF-8: save the file as CSV in UTF-8")),
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(file: &[u8]) -> Row {
        read_rows(file).unwrap().remove(0)
    }

    #[test]
    fn files_of_every_spreadsheet_are_read_alike() {
        for file in [
            "iccid,imsi,spn\n89,001,A b\n",
            "\u{FEFF}iccid;imsi;spn\r\n89;001;A b\r\n",
            "spn\tICCID\t IMSI \n\"A b\"\t89\t001",
            "\"iccid\",\"Imsi\",\"service_provider-name\"\n\n\"89\",\" 001 \",\"A b\"\n,,\n",
        ] {
            let rows = read_rows(file.as_bytes()).unwrap();
            assert_eq!(rows.len(), 1, "{file}");
            let values = [Column::Iccid, Column::Imsi, Column::Spn].map(|column| rows[0].get(column));
            assert_eq!(values, [Some("89"), Some("001"), Some("A b")], "{file}");
            assert_eq!(rows[0].flaw(), None);
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let rows = read_rows(b"iccid,spn\n1,\"two\nlines\"\n\n2,x\r\n3,y").unwrap();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5, 6]);
        assert_eq!(rows[0].get(Column::Spn), Some("two\nlines"));
    }

    #[test]
    fn files_that_cannot_be_meant_are_refused() {
        let refused = |file: &[u8]| read_rows(file).unwrap_err().to_string();
        assert!(refused(b"").contains("empty"));
        assert!(refused(b"iccid,colour\n1,red").contains("\"colour\""));
        let named = refused(b"ICCID,IMSI,KIC1,K,OPC,ADM2\n8900101000000000017,001010000000001,1,2,3,4");
        assert!(named.starts_with("there is no column \"KIC1\" and no \"ADM2\""), "{named}");
        assert!(refused(b"iccid,imsi,ICCID\n").contains("twice"));
        assert!(
            refused("\u{FEFF}iccid".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice())
                .contains("UTF-16")
        );
        let headless = refused(b"8900101000000000017,465B5CE8B199B49FAA5F0A2EE238A6BC\n");
        assert!(headless.contains("does not name") && !headless.contains("465B"), "{headless}");
    }

    #[test]
    fn no_more_of_a_file_is_kept_than_a_row_needs() {
        let row = format!("{},{}\n\n", "8".repeat(19), "x".repeat(1000));
        let rows = 50_000;
        let file = b"iccid,spn\n".chain(Repeated { text: row.as_bytes(), at: 0 });
        let length = 10 + row.len() as u64 * rows;
        let mut lines = Vec::new();
        each_row(file.take(length), |row| {
            lines.push(row.line);
            true
        })
        .unwrap();
        assert_eq!(lines.len() as u64, rows);
        assert!(lines.iter().zip(1..).all(|(line, number)| *line == 2 * number));
        let endless = b"iccid,spn\n1,\"".chain(io::repeat(b'x'));
        let refused = each_row(endless, |_| true).unwrap_err().to_string();
        assert!(refused.contains("quote"), "{refused}");
    }

    struct Repeated<'a> {
        text: &'a [u8],
        at: usize,
    }

    impl Read for Repeated<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let rest = &self.text[self.at..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.at = (self.at + count) % self.text.len();
            Ok(count)
        }
    }

    #[test]
    fn what_is_written_for_spreadsheets_is_read_again() {
        let values =
            ["8900101000000000017", "=HYPERLINK(\"http://evil.example\")", "0012-34", "+15550100", "'n Sync"];
        let columns = ["iccid", "spn", "matchingId", "msisdn", "profileName"];
        let file = write(columns, [values.map(String::from)]);
        let text = String::from_utf8(file.clone()).unwrap();
        assert!(text.contains("'8900101000000000017,\"'=HYPERLINK"), "{text}");
        let row = first(&file);
        let read = columns.map(|name| row.get(Column::of(name).unwrap()));
        assert_eq!(read, values.map(Some));
    }

    #[test]
    fn wrong_rows_are_wrong_alone() {
        let reason = |file: &[u8]| first(file).flaw().unwrap().reason.clone();
        assert!(reason(b"iccid,imsi\n1").contains("1 values for 2 columns"));
        assert!(reason(b"iccid,imsi\n1,2,3").contains("3 values"));
        assert_eq!(first(b"iccid,imsi\n1,2,").flaw(), None);
        assert!(reason(b"iccid,spn\n1,\xE9").contains("UTF-8"));
    }
}
