// The report's style sheet: light and dark, wide and narrow, and on paper.
#pragma once

namespace fleetcast::cli {

inline constexpr char kPageStyle[] = R"css(
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#17212b;--soft:#5d6b79;--line:#dfe5ea;
--history:#4a5b6c;--forecast:#0a7d78;--actual:#d9550b;--good:#0b7a4b;--good-back:#e0f4ea;
--bad:#b3261e;--bad-back:#fde8e6;--head:#0d2b33;--head-ink:#eaf6f5;--shadow:0 1px 2px #0f1c2614,0 4px 16px #0f1c260a}
@media (prefers-color-scheme:dark){:root{--page:#0e1418;--card:#161f26;--ink:#e4eaef;--soft:#93a3b1;
--line:#27333d;--history:#a5b5c3;--forecast:#35c4bb;--actual:#ff9450;--good:#5fd49b;--good-back:#123527;
--bad:#ff9a90;--bad-back:#421b18;--head:#0a2229;--head-ink:#d9efed;--shadow:none}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
header{background:var(--head);color:var(--head-ink);padding:28px 0 76px}
.wrap{max-width:1160px;margin:0 auto;padding:0 20px}
header h1{margin:0;font-size:26px;letter-spacing:-.01em;display:flex;align-items:center;gap:10px}
header h1 svg{width:34px;height:26px;flex:none}
header p{margin:6px 0 0;opacity:.8;max-width:60em}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:14px;margin-top:-52px}
.tile,.card{background:var(--card);border-radius:12px;box-shadow:var(--shadow);border:1px solid var(--line)}
.tile{padding:14px 18px}
.tile b{display:block;font-size:28px;line-height:1.2;font-variant-numeric:tabular-nums;letter-spacing:-.02em}
.tile b small{font-size:16px;color:var(--soft);font-weight:500}
.tile span{color:var(--soft);font-size:13px}
h2{font-size:18px;margin:34px 0 12px}
h2 small{color:var(--soft);font-weight:400;font-size:14px;margin-left:6px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:9px 16px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--line)}
tr:last-child td{border-bottom:0}
th{font-size:12px;font-weight:600;color:var(--soft)}
td.n,th.n{text-align:right}
td small{color:var(--soft)}
td a{color:inherit;text-decoration-color:var(--line);text-underline-offset:3px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:18px}
.card.of{padding:18px 18px 14px;min-width:0}
.title{display:flex;align-items:baseline;gap:10px;flex-wrap:wrap}
.title h3{margin:0;font-size:16px}
.title h3 small{display:block;font-weight:400;color:var(--soft);font-size:13px}
.pill{margin-left:auto;padding:2px 10px;border-radius:99px;font-size:12.5px;font-weight:600;white-space:nowrap}
.pill.good{color:var(--good);background:var(--good-back)}
.pill.bad{color:var(--bad);background:var(--bad-back)}
.pill.info{background:rgba(127,127,127,.15)}
.condition{margin:10px 0 0;overflow-wrap:anywhere}
.condition b{font-size:12.5px;margin-right:4px}
.condition.bad{color:var(--bad)}
.note{color:var(--bad);margin:10px 0 0;overflow-wrap:anywhere}
.chart,.strip{position:relative;margin:26px 0 26px 40px}
.chart{height:236px}
.strip{height:46px;margin:34px 0 22px 40px}
.chart svg,.strip svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
path{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}
.grid{stroke:var(--line);stroke-width:1}
.history{stroke:var(--history);stroke-width:1.6}
.forecast{stroke:var(--forecast);stroke-width:2.4}
.actual{stroke:var(--actual);stroke-width:3;stroke-dasharray:1 4.5}
.band{fill:var(--forecast);fill-opacity:.16;stroke:none}
.strip .history{stroke-width:1.1}
.strip .forecast{stroke-width:1.6}
.y,.x{position:absolute;font-size:11.5px;color:var(--soft);font-variant-numeric:tabular-nums;line-height:1}
.y{right:100%;margin-right:8px;transform:translateY(-50%)}
.x{top:100%;margin-top:8px;transform:translateX(-50%);white-space:nowrap}
.x b{color:var(--ink);font-weight:600}
.now{position:absolute;top:-6px;bottom:0;border-left:1px dashed var(--soft)}
.now i{position:absolute;right:6px;top:-13px;font-style:normal;font-size:11.5px;line-height:1;color:var(--soft);white-space:nowrap}
.tip{position:absolute;top:0;bottom:0}
.tip i{position:absolute;left:50%;width:9px;height:9px;margin:-4.5px;border-radius:50%;background:var(--forecast);border:2px solid var(--card);opacity:0}
.tip:hover i{opacity:1}
.tip:hover::after{content:attr(data-tip);position:absolute;right:calc(100% + 8px);top:8px;z-index:2;padding:7px 10px;border-radius:8px;background:var(--ink);color:var(--card);font-size:12px;line-height:1.45;white-space:pre;pointer-events:none;font-variant-numeric:tabular-nums}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12.5px;color:var(--soft)}
.legend span::before{content:"";display:inline-block;width:16px;height:0;margin-right:6px;vertical-align:middle;border-top:2.4px solid var(--history)}
.legend .l-forecast::before{border-color:var(--forecast)}
.legend .l-actual::before{border-top:3px dotted var(--actual)}
.legend .l-band::before{height:11px;border:0;background:var(--forecast);opacity:.3;border-radius:2px}
.legend .l-band.outer::before{opacity:.16}
.hindsight{margin:12px 0 0;font-size:13.5px}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:10px 16px;margin:14px 0 0;padding-top:14px;border-top:1px solid var(--line)}
dt{font-size:12px;color:var(--soft)}
dd{margin:0;font-size:13.5px;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
dd code{font:12.5px ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace}
footer{color:var(--soft);font-size:13px;padding:28px 0 40px}
@media (max-width:720px){.tiles{grid-template-columns:1fr 1fr}.x.wide,.name{display:none}header h1{font-size:22px}
.wrap{padding:0 12px}.card.of{padding:14px}th,td{padding:9px 12px}.tile b{font-size:23px}.chart{height:210px}}
@media print{header{background:none;color:inherit;padding:0 0 12px}.tiles{margin-top:0}.card.of{break-inside:avoid}body{background:#fff}}
)css";

}  // namespace fleetcast::cli
