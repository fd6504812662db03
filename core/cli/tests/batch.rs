//! A batch of subscribers from a file to orders, reports and QR codes.

use crate::common;

use common::{Sm, esim_lab, fail, run, text};
use std::fs;
use std::path::Path;

/// The ICCID of a test network with this number, with its check digit.
fn iccid(number: usize) -> String {
    let body = format!("8900101{number:011}");
    let double = |(place, c): (usize, char)| {
        let value = c.to_digit(10).unwrap() * if place % 2 == 0 { 2 } else { 1 };
        value / 10 + value % 10
    };
    let sum: u32 = body.chars().rev().enumerate().map(double).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn file(path: &Path, rows: usize) {
    let mut text = String::from("\u{FEFF}ICCID;IMSI;Ki;OPc;SPN\r\n");
    for number in 1..=rows {
        let key = format!("{number:032X}");
        text += &format!("{};00101{number:010};{key};{key};Lab\r\n", iccid(number));
    }
    fs::write(path, text).unwrap();
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_file_becomes_orders_once() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (batch, report, qr, data) =
        (at("batch.csv"), at("report.csv"), at("qr"), sm.data.display().to_string());
    let server = ["--sm", &sm.address, "--data", &data];
    let import = |more: &[&str]| {
        let arguments =
            [&["sm", "import", &batch, "--template", "operational", "--release"], &server[..], more];
        esim_lab().args(arguments.concat()).output().unwrap()
    };

    file(Path::new(&batch), 620);
    let output = import(&["--report", &report, "--qr", &qr]);
    assert!(
        output.status.success() && text(&output).contains("620 created, 0 known, 0 refused"),
        "{}",
        text(&output)
    );
    assert_eq!(count(Path::new(&qr)), 620);
    let first = fs::read_to_string(&report).unwrap();
    assert!(first.starts_with("line,result,iccid,state,"));

    // Again, longer, with three rows that cannot be meant: a short key, and two that repeat others across requests.
    file(Path::new(&batch), 622);
    fs::write(&batch, fs::read_to_string(&batch).unwrap() + &rows_that_cannot_be_meant()).unwrap();
    let output = import(&["--report", &report]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(said.contains("2 created, 620 known, 3 refused"), "{said}");
    for line in
        ["line 624: ki has 32", "line 625: iccid is that of line 4", "line 626: imsi is that of line 5"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    let second = fs::read_to_string(&report).unwrap();
    let key = format!("{:032X}", 3);
    assert!(!said.contains(&key) && !second.contains(&key), "no key is printed");
    let codes = |report: &str| -> Vec<String> {
        report.lines().skip(1).take(620).map(|line| line.split(',').nth(5).unwrap().to_string()).collect()
    };
    assert_eq!(codes(&first), codes(&second));

    let orders = run(&[&["sm", "orders", "--batch", &batch], &server[..]].concat());
    assert_eq!(orders.lines().count(), 1 + 622);
    assert!(orders.contains(&codes(&first)[619]));
    audit(&server, &at("audit.jsonl"));
    assert!(run(&[&["sm", "templates"], &server[..]].concat()).contains("provisioning"));
    assert!(
        fail(&[&["sm", "import", &batch, "--template", "gold"], &server[..]].concat())
            .contains("operational")
    );
}

/// A short key, and two that repeat others across requests.
fn rows_that_cannot_be_meant() -> String {
    format!(
        "{};001019999999999;00;00;Lab\r\n{};001019999999998;{:032X};{:032X};Lab\r\n{};00101{:010};{:032X};{:032X};Lab\r\n",
        iccid(900),
        iccid(3),
        3,
        3,
        iccid(901),
        4,
        4,
        4,
    )
}

/// The history of 622 orders: exported, held against the export, and against one that was changed.
fn audit(server: &[&str], export: &str) {
    let audit = |more: &[&str]| esim_lab().args([&["sm", "audit"], server, more].concat()).output().unwrap();
    let output = audit(&["--json", "-o", export]);
    assert!(output.status.success() && text(&output).contains("622 orders"), "{}", text(&output));
    let exported = fs::read_to_string(export).unwrap();
    assert!(exported.contains(r#""by":{"credential":"houseToken","address":"127.0.0.1"}"#), "{exported}");
    assert!(audit(&["--against", export]).status.success());
    assert!(text(&audit(&["--csv"])).contains("iccid,number,at,function,what,state,"));
    fs::write(export, exported.replacen("\"import\"", "\"provision\"", 1)).unwrap();
    let output = audit(&["--against", export]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("is not what the earlier export has"), "{}", text(&output));
}

/// The most that a process has ever had in memory, in octets; read until it ends.
#[cfg(target_os = "linux")]
fn peak(mut child: std::process::Child) -> (u64, String) {
    use std::io::Read;
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    let ended = loop {
        let line = |text: String| text.lines().find(|line| line.starts_with("VmHWM")).map(String::from);
        let line = fs::read_to_string(&status).ok().and_then(line);
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        match child.try_wait().unwrap() {
            Some(ended) => break ended,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let (mut said, mut errors) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(ended.code().is_some(), "{errors}");
    (peak, said + &errors)
}

/// 60 MB took 8 GB: more than a hundred times the file. Rows that are refused at once are as many, and sooner done.
#[cfg(target_os = "linux")]
#[test]
fn a_long_file_does_not_need_as_much_memory() {
    use std::fmt::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let data = sm.data.display().to_string();
    const ROWS: u64 = 60_000;
    const MEMORY: u64 = 100 << 20;
    let mut csv = String::from("iccid,imsi,ki,opc,spn\n");
    let mut json = String::from("{\"rows\": [");
    for number in 0..ROWS {
        let (iccid, key) = (format!("891{number:014}"), format!("{number:032X}"));
        writeln!(csv, "{iccid},00101{number:010},{key},{key},Laboratory").unwrap();
        let comma = if number == 0 { "" } else { "," };
        write!(json, "{comma}{{\"iccid\":\"{iccid}\",\"imsi\":\"00101{number:010}\",\"ki\":\"{key}\",\"opc\":\"{key}\"}}")
            .unwrap();
    }
    json += "]}";
    for (name, content) in [("long.csv", csv), ("long.json", json)] {
        let batch = folder.path().join(name);
        fs::write(&batch, &content).unwrap();
        assert!(content.len() > 6 << 20);
        let report = folder.path().join("report.csv");
        let import = esim_lab()
            .args([
                "sm",
                "import",
                "--quiet",
                "--template",
                "operational",
                "--sm",
                &sm.address,
                "--data",
                &data,
            ])
            .args([batch.as_os_str(), "--report".as_ref(), report.as_os_str()])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (peak, said) = peak(import);
        assert!(said.contains(&format!("0 created, 0 known, {ROWS} refused")), "{said}");
        assert!(said.contains("… and 59980 more") && said.lines().count() < 30, "{said}");
        assert!(peak < MEMORY, "{name}: {peak} octets for a file of {}", content.len());
        let report = fs::read_to_string(report).unwrap();
        let lines: Vec<u64> =
            report.lines().skip(1).filter_map(|line| line.split(',').next()?.parse().ok()).collect();
        assert_eq!(lines.len() as u64, ROWS);
        assert!(lines.is_sorted(), "by line");
    }
}

#[test]
fn files_that_are_no_batch_are_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch");
    let refused = |content: &str| {
        fs::write(&path, content).unwrap();
        let path = path.display().to_string();
        fail(&["sm", "import", &path, "--template", "operational", "--sm", "127.0.0.1:1", "--token", "t"])
    };
    assert!(refused("iccid,colour\n").contains("there is no column \"colour\""));
    assert!(refused("[{\"iccid\": 1}").contains("line 1"));
    assert!(refused("").contains("empty"));
}
