//! Safe keeping natively: keys, their change, copies.
#![cfg(unix)]

use esim_sm_edge::{HttpRequest, Vault, block_on, handle};
use esim_sm_native::{
    Native, NativeHost, NativeOptions, SealSecret, backup, read_templates, reseal, restore,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is gone with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("esim-lab-keep-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path, key: Option<&str>) -> Result<Arc<NativeHost>, String> {
    let seal_key = key.map(|key| SealSecret::parse(key).unwrap());
    let options =
        NativeOptions { data_dir: folder.into(), token: Some("t".into()), seal_key, ..Default::default() };
    Native::open(options).map(|native| native.host()).map_err(|error| error.to_string())
}

fn send(host: &NativeHost, request: HttpRequest) -> Value {
    let response = block_on(handle(request.with_token("t"), host));
    assert_eq!(response.status, 200);
    serde_json::from_slice(&response.body).unwrap()
}

fn import(host: &NativeHost, iccid: u64, imsi: u64) -> Value {
    let key = "465B5CE8B199B49FAA5F0A2EE238A6BC";
    let row = json!({"iccid": esim_smdp::profile::draw_iccid(iccid), "imsi": format!("00101{imsi:010}"), "ki": key, "opc": key});
    let answer = send(
        host,
        HttpRequest::post("/esim-lab/import", json!({"template": "operational", "rows": [row]}).to_string()),
    );
    answer["rows"][0].clone()
}

fn orders(host: &NativeHost) -> usize {
    send(host, HttpRequest::get("/esim-lab/orders"))["orders"].as_array().unwrap().len()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([5; 32])
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn a_key_that_others_can_read_is_refused_with_the_remedy() {
    let folder = Folder::new();
    drop(open(&folder.0, None).unwrap());
    let key = folder.at("seal.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder.at("sm.sqlite")).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = open(&folder.0, None).err().unwrap();
    assert!(refused.contains("chmod 600"), "{refused}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "secret").unwrap();
    let refused = open(&folder.0, None).err().unwrap();
    assert!(refused.contains("64 hexadecimal digits") && !refused.contains("secret"), "{refused}");
}

#[test]
fn a_server_with_another_key_does_not_start() {
    let folder = Folder::new();
    import(&open(&folder.0, Some(KEY)).unwrap(), 1, 1);
    assert!(!folder.at("seal.key").exists(), "the key is not beside the records");
    let refused = open(&folder.0, Some(OTHER)).err().unwrap();
    assert!(refused.contains("not the key of the records"), "{refused}");
    assert_eq!(orders(&open(&folder.0, Some(KEY)).unwrap()), 1);
}

#[test]
fn copies_are_made_while_serving_and_open_with_the_key_alone() {
    let (folder, other) = (Folder::new(), Folder::new());
    let host = open(&folder.0, Some(KEY)).unwrap();
    import(&host, 1, 1);
    let copy = folder.at("copy");
    backup(&folder.0, &copy).unwrap();
    import(&host, 2, 2);
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(backup(&folder.0, &copy).unwrap_err().to_string().contains("already"));

    let secret = |text| Some(SealSecret::parse(text).unwrap());
    let put = |to: &Folder, key, force| {
        restore(&to.0, secret(key), &copy, force).map_err(|error| error.to_string())
    };
    assert!(put(&other, OTHER, false).unwrap_err().contains("not the key"));
    put(&other, KEY, false).unwrap();
    assert_eq!(orders(&open(&other.0, Some(KEY)).unwrap()), 1);

    assert!(put(&folder, KEY, true).unwrap_err().contains("stop it first"));
    drop(host);
    assert!(put(&folder, KEY, false).unwrap_err().contains("--force"));
    put(&folder, KEY, true).unwrap();
    assert_eq!(orders(&open(&folder.0, Some(KEY)).unwrap()), 1);
    assert!(folder.at("sm.sqlite.before").exists());

    let mut octets = fs::read(&copy).unwrap();
    octets.truncate(octets.len() / 2);
    fs::write(&copy, &octets).unwrap();
    let refused = put(&other, KEY, true).unwrap_err();
    assert!(refused.contains("damaged") || refused.contains("no copy"), "{refused}");
    fs::write(&copy, "no database").unwrap();
    assert!(put(&other, KEY, true).unwrap_err().contains("no copy"));
    assert_eq!(orders(&open(&other.0, Some(KEY)).unwrap()), 1, "what was there is still there");
}

#[test]
fn records_are_sealed_anew_and_found_as_before() {
    let folder = Folder::new();
    let host = open(&folder.0, None).unwrap();
    for number in 0..60 {
        import(&host, number, number);
    }
    let (new, old) = (folder.at("new.key"), folder.at("old.key"));
    assert!(reseal(&folder.0, None, &new, &mut rng()).unwrap_err().to_string().contains("stop it first"));
    drop(host);
    fs::copy(folder.at("seal.key"), &old).unwrap();

    // As an interruption leaves it: nothing starts until it is done.
    fs::write(folder.at("reseal.pending"), "").unwrap();
    assert!(open(&folder.0, None).err().unwrap().contains("sm reseal"));
    assert_eq!(reseal(&folder.0, None, &new, &mut rng()).unwrap().records, 120);
    assert_eq!(fs::read(&new).unwrap(), fs::read(folder.at("seal.key")).unwrap());
    assert_eq!(reseal(&folder.0, None, &new, &mut rng()).unwrap().records, 0, "repeating it changes nothing");

    let old = SealSecret::read(&old).unwrap();
    let options = NativeOptions { data_dir: folder.0.clone(), seal_key: Some(old), ..Default::default() };
    assert!(Native::open(options).err().unwrap().to_string().contains("not the key"));
    let host = open(&folder.0, None).unwrap();
    assert_eq!(import(&host, 7, 7)["result"], "known");
    let reason = import(&host, 900, 7)["reason"].to_string();
    assert!(reason.contains("imsi is that of"), "{reason}");
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let folder = Folder::new();
    let host = open(&folder.0, None).unwrap();
    let refused = open(&folder.0, None).err().unwrap();
    assert!(refused.contains("stop it first") && refused.contains(&*folder.0.to_string_lossy()), "{refused}");
    import(&host, 1, 1);
    drop(host);
    assert_eq!(orders(&open(&folder.0, None).unwrap()), 1);
}

/// Files of a folder that others than their owner may touch.
fn open_to_others(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let open = entries.filter(|entry| {
        let found = entry.metadata().unwrap();
        found.is_file() && found.permissions().mode() & 0o077 != 0
    });
    open.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// What a test does where every file would be open to everybody; in a process of its own, as all of one share a umask.
fn with_open_umask(test: &str) -> bool {
    if std::env::var_os("ESIM_LAB_UMASK").is_some() {
        return true;
    }
    let itself = std::env::current_exe().unwrap();
    let shell =
        format!("umask 0; ESIM_LAB_UMASK=1 exec '{}' --exact keep::{test} --nocapture", itself.display());
    let done = std::process::Command::new("sh").args(["-c", &shell]).output().unwrap();
    let output = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && output.contains("1 passed"),
        "{output}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    false
}

#[test]
fn all_files_are_their_owners_alone_whatever_the_umask() {
    if !with_open_umask("all_files_are_their_owners_alone_whatever_the_umask") {
        return;
    }
    let folder = Folder::new();
    let probe = folder.at("probe");
    fs::write(&probe, "").unwrap();
    assert_eq!(open_to_others(&folder.0), ["probe"], "the umask is open");
    fs::remove_file(probe).unwrap();
    let host = open(&folder.0, None).unwrap();
    import(&host, 1, 1);
    assert!(folder.at("sm.sqlite-wal").exists() && folder.at("sm.sqlite-shm").exists());
    let copy = folder.at("copy");
    backup(&folder.0, &copy).unwrap();
    assert_eq!(open_to_others(&folder.0), [""; 0]);
    drop(host);
    // A copy that has been through hands that open everything.
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o666)).unwrap();
    restore(&folder.0, None, &copy, true).unwrap();
    reseal(&folder.0, None, &folder.at("new.key"), &mut rng()).unwrap();
    assert_eq!(open_to_others(&folder.0), ["copy"]);
    // Files that an earlier version has left open, and half a key of a start that was interrupted.
    fs::set_permissions(folder.at("sm.sqlite"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(&copy).unwrap();
    fs::remove_file(folder.at("new.key")).unwrap();
    fs::write(folder.at("new.key.new"), "").unwrap();
    SealSecret::read_or_make(&folder.at("new.key"), &mut rng()).unwrap();
    let host = open(&folder.0, None).unwrap();
    import(&host, 2, 2);
    assert_eq!(open_to_others(&folder.0), [""; 0]);
}

/// A copy of a folder's records with its key beside them.
fn twin(folder: &Folder) -> Folder {
    let twin = Folder::new();
    for file in ["sm.sqlite", "seal.key"] {
        fs::copy(folder.at(file), twin.at(file)).unwrap();
    }
    twin
}

/// Takes every other record from another folder, sealed as it is there.
fn take_half(folder: &Folder, from: &Folder) -> usize {
    let database = rusqlite::Connection::open(folder.at("sm.sqlite")).unwrap();
    database.execute("ATTACH ?1 AS done", [from.at("sm.sqlite").to_string_lossy()]).unwrap();
    let taken = database
        .execute(
            "UPDATE record SET (revision, body) = (SELECT revision, body FROM done.record AS new WHERE new.name = \
             record.name) WHERE rowid % 2 = 0",
            (),
        )
        .unwrap();
    let half = "name IN (SELECT name FROM main.record WHERE rowid % 2 = 0)";
    database.execute(&format!("DELETE FROM main.alias WHERE {half}"), ()).unwrap();
    database.execute(&format!("INSERT INTO main.alias SELECT * FROM done.alias WHERE {half}"), ()).unwrap();
    taken
}

#[test]
fn what_is_half_sealed_anew_is_sealed_to_the_end() {
    let folder = Folder::new();
    let host = open(&folder.0, None).unwrap();
    for number in 0..20 {
        import(&host, number, number);
    }
    drop(host);
    let new = folder.at("new.key");
    let done = twin(&folder);
    assert_eq!(reseal(&done.0, None, &new, &mut rng()).unwrap().records, 40);
    // As it stands where the power goes: orders and packages of both keys, an order's package not always of its own.
    assert_eq!(take_half(&folder, &done), 30);
    fs::write(folder.at("reseal.pending"), "").unwrap();
    assert!(open(&folder.0, None).err().unwrap().contains("sm reseal"));

    // Neither a third key nor the new one alone will do.
    let other = SealSecret::parse(OTHER).unwrap();
    let refused = reseal(&folder.0, Some(other), &new, &mut rng()).unwrap_err().to_string();
    assert!(refused.contains("key"), "{refused}");
    let alone = SealSecret::read(&new).unwrap();
    assert!(reseal(&folder.0, Some(alone), &new, &mut rng()).is_err());

    assert_eq!(reseal(&folder.0, None, &new, &mut rng()).unwrap().records, 20, "the other half alone");
    assert!(!folder.at("reseal.pending").exists());
    let key = esim_rsp::common::from_hex(fs::read_to_string(&new).unwrap().trim()).unwrap();
    let vault = Vault::new(&key.try_into().unwrap());
    let database = rusqlite::Connection::open(folder.at("sm.sqlite")).unwrap();
    let mut rows = database.prepare("SELECT body FROM record").unwrap();
    let bodies = rows.query_map((), |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let sealed: Vec<bool> = bodies.map(|body| vault.is_current(&body.unwrap())).collect();
    assert_eq!(sealed, [true; 60]);
    drop(rows);
    drop(database);
    let host = open(&folder.0, None).unwrap();
    assert_eq!(orders(&host), 20);
    for number in 0..20 {
        assert_eq!(import(&host, number, number)["result"], "known", "{number}");
        let reason = import(&host, 900 + number, number)["reason"].to_string();
        assert!(reason.contains("imsi is that of"), "{number}: {reason}");
    }
}

#[test]
fn templates_come_from_files_and_folders() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/templates");
    let templates = read_templates(&example).unwrap();
    assert_eq!(templates, read_templates(&example.join("plan-a.json")).unwrap());
    assert_eq!((templates[0].name.as_str(), templates[0].home_network_keys.len()), ("plan-a", 1));

    let folder = Folder::new();
    fs::write(folder.at("own.json"), r#"[{"name": "own", "metadata": {"profileClass": "test"}}]"#).unwrap();
    let refused = read_templates(&folder.0).unwrap_err().to_string();
    assert!(refused.contains("own.json: template own: a test profile has"), "{refused}");
    fs::write(folder.at("own.json"), "{").unwrap();
    assert!(read_templates(&folder.0).unwrap_err().to_string().contains("own.json"));
}
