package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"etcdkit/keyspace"
	"etcdkit/keyspace/usage"
	"etcdkit/report/inventory"
)

// evil are names that a browser, a terminal or a reader could take for something
// else.
func evil() []string {
	return []string{
		"<script>alert(1)</script>", "</title><script>alert(2)</script>", `" onmouseover="alert(3)`, "' onload='alert(4)", "]]><img src=x onerror=alert(5)>",
		"javascript:alert(6)", "\x1b[2J\x1b]0;owned\x07", "\xff\xfe\x00", "a\u202egnp.exe", "</style><style>*{display:none}", "{{.Secret}}", "&lt;b&gt;", "line\r\nline", "\u2028",
	}
}

// evilFacts has an evil name in every place that a server or a key can fill.
func evilFacts(text string) Facts {
	sum := usage.Sum{Keys: 2, Bytes: 1000, Versions: 5}
	tree := usage.Part{Name: text, Dir: true, Sum: sum, Rest: usage.Sum{Keys: 1, Bytes: 400}, Parts: []usage.Part{
		{Name: text + "/" + text, Dir: true, Sum: usage.Sum{Keys: 1, Bytes: 600}, Parts: []usage.Part{{Name: text + "/" + text + "x", Sum: usage.Sum{Keys: 1, Bytes: 600}}}},
	}}
	key := inventory.Key{Name: text, Bytes: 600, Versions: 4, Kept: 3}
	return Facts{
		At: time.Unix(1, 0).UTC(), Program: text, Subject: text, Details: []Detail{{text, text, text}},
		Doctor: &Diagnosis{
			Findings:  []Finding{{Check: "quota", Severity: "warning", Members: text, Evidence: text, Meaning: text, Command: text}},
			Unchecked: []Unchecked{{What: text, Why: text}},
		},
		Members: []Member{{Name: text, ID: "1", Version: text, State: text, Up: true, Size: 1, Quota: 2, URLs: []string{text}}, {State: text}},
		Alarms:  []string{text}, Missing: []Missing{{text, text}},
		Inventory: &inventory.Inventory{Prefix: text, Total: sum, Tree: tree, Largest: []inventory.Key{key}, MostWritten: []inventory.Key{key}, Depths: []inventory.Depth{{From: 1, To: 1, Keys: 2}}},
		Leases:    &Leases{Count: 1, Some: []Lease{{ID: "5", Keys: 1, Granted: time.Minute, Left: -1}}},
	}
}

func write(t *testing.T, f Facts) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// skeleton returns the elements and the names of the attributes of a page: what
// no name may change.
func skeleton(t *testing.T, page string) string {
	t.Helper()
	var s strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return s.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			s.WriteString("<" + token.Data)
			for _, a := range token.Attr {
				s.WriteString(" " + a.Key)
				if a.Key == "href" || a.Key == "src" || a.Key == "action" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s has the attribute %s=%q", token.Data, a.Key, a.Val)
				}
			}
			s.WriteString(">")
		case html.EndTagToken:
			s.WriteString("</" + z.Token().Data + ">")
		}
	}
}

// No name of a key, member or anything else adds an element or an attribute, or
// brings a byte that a terminal obeys or that changes the direction of writing.
func TestEvilNames(t *testing.T) {
	t.Parallel()
	want := skeleton(t, write(t, evilFacts("plain")))
	if strings.Contains(want, "<script") || strings.Contains(want, "<link") || strings.Contains(want, "<img") {
		t.Errorf("a page with scripts or links: %s", want)
	}
	control := regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
	for _, name := range evil() {
		page := write(t, evilFacts(name))
		// A label may be left out or cut, so text elements are not compared.
		texts := regexp.MustCompile(`</?(text|tspan)( [a-z ]*)?>`)
		if got := skeleton(t, page); texts.ReplaceAllString(got, "") != texts.ReplaceAllString(want, "") {
			t.Errorf("%q changes the page:\n%s\n%s", name, got, want)
		}
		if bad := control.FindString(page); bad != "" {
			t.Errorf("%q: the page has %q", name, bad)
		}
	}
	if page := write(t, evilFacts("\x1b[2J")); !strings.Contains(page, `\x1b[2J`) {
		t.Error("an escape sequence is not shown as text")
	}
}

// The page loads nothing.
func TestSelfContained(t *testing.T) {
	t.Parallel()
	page := write(t, evilFacts("k"))
	for _, bad := range []string{"url(", "@import", "src=", "href=", "http:", "https:", "<script", "<iframe"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'"`) {
		t.Error("no policy")
	}
}

// random returns a tree of parts, the largest first.
func random(r *rand.Rand, name string, height int) usage.Part {
	p := usage.Part{Name: name, Dir: height > 0}
	if height > 0 {
		for i := range r.IntN(24) {
			one := random(r, fmt.Sprintf("%s%d/", name, i), r.IntN(height))
			p.Parts = append(p.Parts, one)
			p.Sum.Keys, p.Sum.Bytes = p.Sum.Keys+one.Sum.Keys, p.Sum.Bytes+one.Sum.Bytes
		}
		if r.IntN(2) == 0 {
			p.Rest = usage.Sum{Keys: r.Int64N(9) + 1, Bytes: r.Int64N(1<<r.IntN(30)) + 1}
		}
	}
	if len(p.Parts) == 0 {
		p.Rest = usage.Sum{Keys: 1, Bytes: r.Int64N(1<<r.IntN(40)) + 1}
	}
	p.Sum.Keys, p.Sum.Bytes = p.Sum.Keys+p.Rest.Keys, p.Sum.Bytes+p.Rest.Bytes
	for i := range p.Parts { // by bytes
		for j := i; j > 0 && p.Parts[j].Sum.Bytes > p.Parts[j-1].Sum.Bytes; j-- {
			p.Parts[j], p.Parts[j-1] = p.Parts[j-1], p.Parts[j]
		}
	}
	return p
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The boxes that hold nothing else fill the map without overlap, each as large as
// its bytes are of what it is in, and their bytes add up.
func TestMap(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		tree := random(rand.New(rand.NewPCG(seed, 3)), "", 3)
		for _, d := range draw(tree) {
			var leaves []box
			sum, area := int64(0), 0.0
			headings := 0.0
			for _, c := range d.Cells {
				b := box{number(t, c.X), number(t, c.Y), number(t, c.W), number(t, c.H)}
				if b.x < -0.01 || b.y < -0.01 || b.x+b.w > 100.01 || b.y+b.h > 100.01 || b.w < 0 || b.h < 0 {
					t.Fatalf("seed %d, %s: %+v is outside", seed, d.Class, c)
				}
				if c.Group {
					headings += b.w * 100 * heading / d.Height
					continue
				}
				sum, area = sum+c.Bytes, area+b.w*b.h
				leaves = append(leaves, b)
			}
			if sum != tree.Sum.Bytes {
				t.Fatalf("seed %d, %s: the boxes come to %d of %d bytes", seed, d.Class, sum, tree.Sum.Bytes)
			}
			if math.Abs(area+headings-10_000) > 2 {
				t.Fatalf("seed %d, %s: the boxes and headings cover %.2f of 10000", seed, d.Class, area+headings)
			}
			for i, a := range leaves {
				for _, b := range leaves[:i] {
					const slack = 0.001
					if a.x+a.w > b.x+slack && b.x+b.w > a.x+slack && a.y+a.h > b.y+slack && b.y+b.h > a.y+slack {
						t.Fatalf("seed %d, %s: %+v and %+v overlap", seed, d.Class, a, b)
					}
				}
			}
		}
	}
}

// Squares are near to squares.
func TestSquarify(t *testing.T) {
	t.Parallel()
	boxes := squarify(box{0, 0, 600, 400}, []float64{6, 6, 4, 3, 2, 2, 1}) // the example of the article
	var got []string
	for _, b := range boxes {
		got = append(got, fmt.Sprintf("%.0f,%.0f %.0fx%.0f", b.x, b.y, b.w, b.h))
	}
	want := "0,0 300x200; 0,200 300x200; 300,0 171x233; 471,0 129x233; 300,233 120x167; 420,233 120x167; 540,233 60x167"
	if text := strings.Join(got, "; "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// The size of the page does not grow with the keys: this tree is as large as an
// inventory's can be, and its names as long.
func TestSize(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\x1b", 500)
	var full func(name string, height int) usage.Part
	full = func(name string, height int) usage.Part {
		p := usage.Part{Name: name + long, Dir: height > 0, Sum: usage.Sum{Keys: 1, Bytes: 1 << 20}}
		if height > 0 {
			p.Sum = usage.Sum{}
			for i := range 24 {
				one := full(fmt.Sprintf("%s%d/", name, i), height-1)
				p.Parts = append(p.Parts, one)
				p.Sum.Keys, p.Sum.Bytes = p.Sum.Keys+1, p.Sum.Bytes+one.Sum.Bytes
			}
		}
		return p
	}
	f := evilFacts(long)
	f.Inventory.Tree = full("", 3)
	if n := len(write(t, f)); n > 2<<20 {
		t.Errorf("%d bytes", n)
	}
}

// An inventory without keys, and one of a single key, have a page.
func TestFewKeys(t *testing.T) {
	t.Parallel()
	none := Facts{Inventory: &inventory.Inventory{Prefix: "/none/", Tree: usage.Part{Dir: true}}}
	if page := write(t, none); !strings.Contains(page, "There are no keys with the prefix <code>/none/</code>.") {
		t.Error(page)
	}
	one := usage.Part{Name: "k", Sum: usage.Sum{Keys: 1, Bytes: 5}, Rest: usage.Sum{Keys: 1, Bytes: 5}}
	page := write(t, Facts{Inventory: &inventory.Inventory{Total: one.Sum, Tree: one, Head: keyspace.Head{Revision: 2}, Kept: 1, Depths: []inventory.Depth{{From: 1, To: 1, Keys: 1}}}})
	for _, want := range []string{"5 B in 1 key, all in <code>k</code>", `data-bytes="5"`, "No key was written more than once", "never compacted"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// A part that is nearly everything gives its place to its parts.
func TestSpread(t *testing.T) {
	t.Parallel()
	part := func(name string, bytes int64, parts ...usage.Part) usage.Part {
		return usage.Part{Name: name, Dir: len(parts) > 0, Sum: usage.Sum{Bytes: bytes}, Parts: parts}
	}
	tree := part("", 1000, part("/r/", 950, part("/r/a/", 500, part("/r/a/1", 500)), part("/r/b", 20)), part("/x", 50))
	var got []string
	for _, p := range spread(tree).Parts {
		got = append(got, p.Name)
	}
	if text := strings.Join(got, " "); text != "/r/a/ /x /r/b" {
		t.Error(text)
	}
}

// Text on every colour of the map can be read: a contrast of 4.5 to 1 (WCAG 2.1,
// 1.4.3), light and dark.
func TestContrast(t *testing.T) {
	t.Parallel()
	light, dark, _ := strings.Cut(style, "prefers-color-scheme: dark")
	for name, part := range map[string]string{"light": light, "dark": dark} {
		value := func(v string) float64 {
			m := regexp.MustCompile("--" + v + ": #([0-9a-f]{6})").FindStringSubmatch(part)
			if m == nil {
				t.Fatalf("%s has no --%s", name, v)
			}
			return luminance(t, m[1])
		}
		pairs := [][2]string{{"ink", "paper"}, {"ink", "card"}, {"soft", "card"}, {"soft", "paper"}, {"ink", "code"}, {"error", "error-paper"}, {"warning", "warning-paper"}, {"good", "good-paper"}, {"map-ink", "grey"}}
		for i := range colours {
			pairs = append(pairs, [2]string{"map-ink", fmt.Sprintf("c%d", i)})
		}
		for _, p := range pairs {
			a, b := value(p[0]), value(p[1])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, p[0], p[1], ratio)
			}
		}
	}
}

// luminance is the relative luminance of a colour, as WCAG defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain/ключ": "plain/ключ", "a\x1b[0m": `a\x1b[0m`, "\xff": `\xff`, "a\u202eb": `a\u202eb`, "tab\tnew\n": `tab\tnew\n`, `"\`: `"\`, "\u00a0": `\u00a0`,
	} {
		if got := shown(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for d, want := range map[time.Duration]string{10 * time.Second: "10s", time.Minute: "1m", 2 * time.Hour: "2h", 90 * time.Minute: "1h30m", 3610 * time.Second: "1h0m10s", -1: "–", 0: "0s", 100 * time.Second: "1m40s"} {
		if got := lasting(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "0.0 %"}, {1, 100_000, "less than 0.1 %"}, {18, 1000, "1.8 %"}, {1, 1, "100 %"}} {
		if got := Share(tt.part, tt.whole); got != tt.want {
			t.Errorf("%d of %d: got %s, want %s", tt.part, tt.whole, got, tt.want)
		}
	}
}
