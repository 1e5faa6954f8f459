/// What an audit's style sheet has beyond the shared one.
///
/// Marks differ in shape as well as in colour (dotted and solid underlines), so that they survive a black-and-white
/// printer. Articles off the screen are not laid out until they are scrolled to: an audit may have 10⁵ of them.
enum AuditStyle {
    static let text = """
        :root{--word:#fff1b8;--run:#ffd54d;--good:#00694a;--none:#8a4b00;--bad:#a32020}
        @media screen and (prefers-color-scheme:dark){:root{--word:#4a4015;--run:#7a6200;--good:#4ccb9f;--none:#f0a860;\
        --bad:#ff8f8f}}
        article{margin:2.5rem 0;border-top:2px solid var(--ink);content-visibility:auto;contain-intrinsic-size:auto 40rem}
        article h2{border:0;margin:0;padding-top:.75rem}
        h3{font-size:1rem;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}
        .label{color:var(--soft);font-weight:400}
        .verdict{margin:.5rem 0 .75rem;padding-left:.75rem;border-left:4px solid var(--verdict,var(--soft))}
        .verdict b{color:var(--verdict,inherit)}
        .found{--verdict:var(--good)}.none{--verdict:var(--none)}.failed{--verdict:var(--bad)}
        .text{margin:.5rem 0;padding:.75rem 1rem;background:var(--panel);border-radius:4px;white-space:pre-wrap;\
        overflow-wrap:anywhere;font-family:ui-serif,Georgia,"Times New Roman",serif;max-width:none}
        .sources{list-style:none;margin:0;padding:0}
        .scores{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;margin:.25rem 0;font-size:.875rem}
        .scores div{display:flex;gap:.4rem}
        .scores dt{color:var(--soft)}
        .scores dd{margin:0;font-variant-numeric:tabular-nums}
        .metadata{margin:.25rem 0;font-size:.875rem;display:grid;grid-template-columns:max-content minmax(0,1fr);\
        gap:.1rem .75rem}
        .metadata dt{color:var(--soft);max-width:10rem;overflow-wrap:anywhere}
        .metadata dd{margin:0;overflow-wrap:anywhere}
        .note{font-size:.875rem;color:var(--soft)}
        .legend dt{font-weight:600;margin-top:.6rem}
        .legend dd{margin:0;max-width:42rem}
        mark{color:inherit;background:var(--word);text-decoration:underline dotted 1px;text-underline-offset:.2em}
        mark.run{background:var(--run);font-weight:600;text-decoration:underline solid 2px}
        sup{font:.7em/0 system-ui,sans-serif;user-select:none}
        sup a{text-decoration:none}
        @media print{article{content-visibility:visible;margin:8mm 0}article h2,.verdict,.scores,h3{break-after:avoid}\
        .verdict,.scores,.metadata{break-inside:avoid}.text{background:none;border:1px solid var(--rule);orphans:3;\
        widows:3}mark{print-color-adjust:exact;-webkit-print-color-adjust:exact}}

        """
}
