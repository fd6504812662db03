//! Sentences for a person, in English and Japanese: what is, and what to do.

use crate::view::{CardReason, Way, Words};

/// What a way that can be gone is good for.
pub fn offered(way: Way) -> Words {
    match way {
        Way::Serial => Words::new(
            "A modem with its SIM, at a serial port or on USB. Nobody else may have its port: ModemManager must let it go.",
            "シリアルポートまたはUSBのモデムとそのSIMを使えます。ModemManagerなど、ほかのプログラムがポートを使っていないことが必要です。",
        ),
        Way::Usb => Words::new(
            "Readers whose USB interface is of the vendor's own class. Browsers keep ordinary readers (class 0x0B) from pages: \
             for those there is the bridge.",
            "USBインターフェースがベンダー独自クラスのリーダーを使えます。通常のリーダー(クラス0x0B)はブラウザーがページに開放しないため、ブリッジを使ってください。",
        ),
        Way::SmartCard => Words::new(
            "Any reader that this system knows.",
            "このシステムが認識しているすべてのリーダーを使えます。",
        ),
        Way::Bridge => Words::new(
            "Any reader or modem of this machine: start `esim-lab bridge` on it and type the code that it shows. The browser \
             may ask whether this page may reach programs on this device.",
            "このパソコンのすべてのリーダーとモデムを使えます。`esim-lab bridge`を起動し、表示されるコードを入力してください。このデバイス上のアプリへのアクセスを許可するか、ブラウザーが確認することがあります。",
        ),
    }
}

/// What is always said of a reason on a way.
pub fn of(way: Way, reason: CardReason) -> Words {
    let (en, ja) = match reason {
        CardReason::Unsupported => return unsupported(way),
        CardReason::Insecure => (
            "Browsers give devices only to pages that came over HTTPS, or from this machine.",
            "ブラウザーは、HTTPSまたはこのパソコンから読み込まれたページにだけ機器へのアクセスを認めます。",
        ),
        CardReason::Policy => (
            "A policy keeps this page from it, that of the site or of the frame that it is in: open the page by itself.",
            "サイトまたはページを含むフレームのポリシーにより使えません。ページを単独で開いてください。",
        ),
        CardReason::Cancelled => ("Nothing was chosen.", "何も選択されませんでした。"),
        CardReason::Busy => return busy(way),
        CardReason::Gone => return gone(way),
        CardReason::ProtectedClass => (
            "Browsers keep readers of this USB class (0x0B) from pages. Start `esim-lab bridge` on this machine and use that.",
            "このUSBクラス(0x0B)のリーダーは、ブラウザーがページに開放しません。このパソコンで`esim-lab bridge`を起動して使ってください。",
        ),
        CardReason::NotReader => (
            "This USB device is no card reader that speaks CCID.",
            "このUSB機器はCCIDに対応したカードリーダーではありません。",
        ),
        CardReason::Denied => return denied(way),
        CardReason::NoReader => (
            "There is no card reader. Plug one in, and try again.",
            "カードリーダーがありません。接続してからもう一度お試しください。",
        ),
        CardReason::NoCard => (
            "There is no card. Put one in, and try again.",
            "カードがありません。挿入してからもう一度お試しください。",
        ),
        CardReason::NoEuicc => (
            "The card is no eUICC: it has no ISD-R.",
            "このカードはeUICCではありません。ISD-Rが見つかりません。",
        ),
        CardReason::Unanswered
        | CardReason::Absent
        | CardReason::NotAdmitted
        | CardReason::Occupied
        | CardReason::Code
        | CardReason::Tries
        | CardReason::Late => return of_the_bridge(reason),
        CardReason::Message => (
            "What answers is no bridge of this version. Bring page and esim-lab to the same version.",
            "応答が、このバージョンのブリッジのものではありません。ページとesim-labのバージョンを揃えてください。",
        ),
        CardReason::Closed => ("The card was disconnected.", "カードとの接続は終了しています。"),
        CardReason::Pending => ("An earlier command is still under way.", "前のコマンドをまだ実行中です。"),
        CardReason::Failed => return failed(way),
    };
    Words::new(en, ja)
}

/// Why a bridge is of no use.
fn of_the_bridge(reason: CardReason) -> Words {
    let (en, ja) = match reason {
        CardReason::Unanswered => (
            "The browser has asked whether this page may reach programs on this device, and nobody has allowed it. Connect \
             again, and allow it.",
            "このデバイス上のプログラムへのアクセスについてブラウザーが確認しましたが、許可されていません。もう一度接続し、許可してください。",
        ),
        CardReason::Absent => (
            "Nobody listens there. Start `esim-lab bridge` on this machine, and try again; if it runs, the site's policy \
             (connect-src) keeps this page from it.",
            "接続先で応答するプログラムがありません。このパソコンで`esim-lab bridge`を起動してからもう一度お試しください。起動済みの場合は、サイトのポリシー(connect-src)により接続できません。",
        ),
        CardReason::NotAdmitted => (
            "The bridge does not let pages of this site in. `esim-lab bridge --origin` names a site that may.",
            "ブリッジがこのサイトからの接続を許可していません。許可するサイトは`esim-lab bridge --origin`で指定します。",
        ),
        CardReason::Occupied => (
            "Another page is connected to the bridge. Disconnect it there, and try again.",
            "別のページがブリッジに接続中です。そのページの接続を切ってから、もう一度お試しください。",
        ),
        CardReason::Code => (
            "The code is another one. Type the one that the bridge shows.",
            "コードが違います。ブリッジに表示されているコードを入力してください。",
        ),
        CardReason::Tries => (
            "The code was wrong too often. The bridge shows a new one: type that.",
            "コードを何度も間違えました。ブリッジに表示された新しいコードを入力してください。",
        ),
        CardReason::Late => (
            "The code came too late. Connect again.",
            "コードの入力が時間切れになりました。もう一度接続してください。",
        ),
        _ => return failed(Way::Bridge),
    };
    Words::new(en, ja)
}

fn unsupported(way: Way) -> Words {
    match way {
        Way::Serial => Words::new(
            "This browser has no Web Serial; Chrome, Edge and Opera on a computer have it. `esim-lab bridge` reaches modems \
             from any browser.",
            "このブラウザーはWeb Serialに対応していません。パソコン版のChrome、Edge、Operaは対応しています。`esim-lab bridge`を使えば、どのブラウザーからでもモデムに接続できます。",
        ),
        Way::Usb => Words::new(
            "This browser has no WebUSB; Chrome, Edge and Opera have it. `esim-lab bridge` reaches readers from any browser.",
            "このブラウザーはWebUSBに対応していません。Chrome、Edge、Operaは対応しています。`esim-lab bridge`を使えば、どのブラウザーからでもリーダーに接続できます。",
        ),
        Way::SmartCard => Words::new(
            "This browser gives pages no Web Smart Card API; it is for installed apps (Isolated Web Apps) of managed \
             ChromeOS. `esim-lab bridge` reaches the same readers.",
            "このブラウザーではWeb Smart Card APIを使えません。管理対象のChromeOSのインストール型アプリ(Isolated Web Apps)向けの機能です。`esim-lab bridge`で同じリーダーに接続できます。",
        ),
        Way::Bridge => {
            Words::new("This browser has no WebSocket.", "このブラウザーはWebSocketに対応していません。")
        }
    }
}

fn busy(way: Way) -> Words {
    match way {
        Way::Serial => Words::new(
            "The port cannot be opened: another program has it (ModemManager: `mmcli --inhibit-device`), or this user may \
             not (group dialout).",
            "ポートを開けません。ほかのプログラムが使用中か(ModemManagerの場合は`mmcli --inhibit-device`)、このユーザーに権限がありません(dialoutグループ)。",
        ),
        Way::Usb => Words::new(
            "Another program or driver has the reader (pcscd?). Stop it, or use `esim-lab bridge`.",
            "リーダーをほかのプログラムまたはドライバーが使用中です(pcscdなど)。停止するか、`esim-lab bridge`を使ってください。",
        ),
        Way::SmartCard | Way::Bridge => Words::new(
            "Another program has the card. Close it, and try again.",
            "カードをほかのプログラムが使用中です。終了してからもう一度お試しください。",
        ),
    }
}

fn gone(way: Way) -> Words {
    match way {
        Way::Serial => Words::new(
            "The modem is gone. Plug it in, and connect again.",
            "モデムとの接続が失われました。接続し直してください。",
        ),
        Way::Usb | Way::SmartCard => Words::new(
            "The reader or its card is gone. Plug it in, and connect again.",
            "リーダーまたはカードとの接続が失われました。接続し直してください。",
        ),
        Way::Bridge => Words::new(
            "The bridge, or what it had opened, is gone. Connect again.",
            "ブリッジ、またはブリッジが開いた機器との接続が失われました。接続し直してください。",
        ),
    }
}

fn denied(way: Way) -> Words {
    match way {
        Way::Bridge => Words::new(
            "This page may not reach programs on this device: the browser's settings for this site say so (apps on device, \
             local network access). Allow it there, and try again.",
            "このページには、このデバイス上のプログラムへのアクセスが許可されていません。ブラウザーのサイト設定(デバイス上のアプリ、ローカルネットワークへのアクセス)で許可してから、もう一度お試しください。",
        ),
        Way::Serial | Way::Usb | Way::SmartCard => Words::new(
            "The system does not let the browser have the device. On Linux a udev rule gives it to this user.",
            "システムがブラウザーに機器の使用を許可していません。Linuxではudevルールでこのユーザーに許可します。",
        ),
    }
}

fn failed(way: Way) -> Words {
    match way {
        Way::Serial => Words::new("The modem does not do it.", "モデムで実行できませんでした。"),
        Way::Usb | Way::SmartCard => {
            Words::new("The reader does not do it.", "リーダーで実行できませんでした。")
        }
        Way::Bridge => Words::new("The bridge does not do it.", "ブリッジで実行できませんでした。"),
    }
}

/// A modem's card that is busy, which is another thing than a port that is.
pub fn sim_is_busy() -> Words {
    Words::new(
        "The SIM in the modem is busy. Try again.",
        "モデムのSIMがビジー状態です。もう一度お試しください。",
    )
}

/// A bridge that would be elsewhere.
pub fn not_this_machine(url: &str) -> Words {
    Words::new(
        format!(
            "{url} is not on this machine: a bridge is at ws://127.0.0.1, and its code is for nobody else."
        ),
        format!(
            "{url}はこのパソコンではありません。ブリッジはws://127.0.0.1にあり、コードをほかの相手に送ってはいけません。"
        ),
    )
}
