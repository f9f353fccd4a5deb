"""to_md.py NOTEBOOK OUTDIR NAME: cells, outputs as text, pictures as PNG files beside it."""
import sys, json, re, base64, html
from pathlib import Path
nb=json.loads(Path(sys.argv[1]).read_text()); out=Path(sys.argv[2]); name=sys.argv[3]; out.mkdir(parents=True,exist_ok=True)
n=0; parts=[]
def picture(data,kind='png'):
    global n; n+=1
    p=out/f"{name}_{n:02d}.{kind}"; p.write_bytes(base64.b64decode(data)); return f"[picture: {p}]"
def from_html(t):
    t=re.sub(r'data:image/(png|jpeg|gif|webp);base64,([A-Za-z0-9+/=\s]+)',lambda m:picture(m.group(2),m.group(1)),t)
    t=re.sub(r'<img[^>]*?alt="([^"]*)"[^>]*>',lambda m:'IMG '+' '.join(re.findall(r'\[picture:[^\]]*\]',m.group(0)))+' ALT: '+m.group(1),t)
    t=re.sub(r'<(style|script|svg)\b.*?</\1>','',t,flags=re.S)
    return html.unescape(re.sub(r'<[^>]+>',' ',t))
for c in nb['cells']:
    s=''.join(c['source'])
    if c['cell_type']=='markdown':
        parts.append(s)
    else:
        parts.append('```python\n'+s+'\n```')
        for o in c.get('outputs',[]):
            if 'text' in o: parts.append('OUTPUT:\n'+''.join(o['text']))
            d=o.get('data',{})
            if 'text/html' in d: parts.append('OUTPUT (html):\n'+re.sub(r'\s*\n\s*\n+','\n',from_html(''.join(d['text/html']))))
            elif 'image/png' in d: parts.append('OUTPUT: '+picture(''.join(d['image/png'])))
            elif 'text/plain' in d: parts.append('OUTPUT:\n'+''.join(d['text/plain']))
            if 'traceback' in o: parts.append('ERROR '+o.get('ename','')+': '+o.get('evalue',''))
(out/f"{name}.md").write_text('\n\n'.join(parts))
