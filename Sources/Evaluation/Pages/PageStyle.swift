/// The style sheet and the frame that the pages share.
enum PageStyle {
    /// Everything before the page's own content, `<main>` open.
    ///
    /// The content policy lets nothing load and nothing run, whatever a text should smuggle in.
    static func head(title: String, extraStyle: String = "") -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <title>\(Markup.escape(title))</title>
        <style>
        \(base)\(extraStyle)</style>
        </head>
        <body>
        <main>

        """
    }

    static let foot = "</main>\n</body>\n</html>\n"

    private static let base = """
        :root{--ink:#1c2024;--soft:#5a626b;--rule:#d9dde1;--paper:#ffffff;--panel:#f5f6f8;--link:#0b5cad}
        @media screen and (prefers-color-scheme:dark){:root{--ink:#e4e7ea;--soft:#a0a8b0;--rule:#363c43;\
        --paper:#15181b;--panel:#1e2226;--link:#7db8f0}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
        main{max-width:56rem;margin:0 auto;padding:1.5rem 1rem 4rem}
        h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem;overflow-wrap:anywhere}
        h2{font-size:1.25rem;line-height:1.3;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--rule);\
        overflow-wrap:anywhere}
        p{margin:.5rem 0;max-width:42rem;overflow-wrap:anywhere}
        a{color:var(--link)}
        .subtitle,figcaption,caption{color:var(--soft)}
        .subtitle{margin:0 0 1rem}
        .scroll{overflow-x:auto;margin:1rem 0}
        table{border-collapse:collapse;font-size:.9375rem;min-width:min(100%,24rem)}
        caption{text-align:left;font-size:.875rem;padding-bottom:.4rem}
        th,td{padding:.35rem .75rem;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--rule)}
        th:first-child,td:first-child{padding-left:0}
        thead th{border-bottom:2px solid var(--rule);font-weight:600;vertical-align:bottom}
        tbody th{font-weight:400}
        .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
        .interval{color:var(--soft)}
        .facts th{color:var(--soft);white-space:nowrap}
        .facts td{overflow-wrap:anywhere}
        figure{margin:1.25rem 0;max-width:38rem;break-inside:avoid}
        figure .scroll{margin:0}
        figure svg{display:block;width:100%;min-width:26rem;height:auto}
        figcaption{font-size:.875rem;margin-top:.4rem}
        pre{background:var(--panel);border-radius:4px;padding:.75rem;font:.875rem/1.5 ui-monospace,monospace;\
        white-space:pre-wrap;overflow-wrap:anywhere}
        nav ul{margin:.5rem 0;padding-left:1.25rem}
        @media print{@page{margin:18mm 16mm}body{font-size:10pt}main{max-width:none;padding:0}a{color:inherit;\
        text-decoration:none}h1,h2,h3,caption{break-after:avoid}tr,pre{break-inside:avoid}.scroll{overflow:visible}\
        nav{display:none}p{orphans:3;widows:3}}

        """
}
