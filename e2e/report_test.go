package e2e

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/need"
	"etcdkit/e2e/script"
)

// area is a box on a page, in CSS pixels.
type area struct {
	X, Y, W, H float64
	Group      bool // the heading of others
	Bytes      int64
	What       string
}

// sheet is what a browser says of a report that it shows.
type sheet struct {
	Title              string
	Width, Window      float64 // of the content, and of what is visible at once
	Over               []area  // elements that reach beyond the window
	Map                area
	Boxes              []area
	Texts              []area // of the map
	Scripts, Resources int
	Paper              string // the colour of the background
}

// readSheet reads a sheet. The page has no script; the debugger runs this one.
const readSheet = `(() => {
	const box = (e, what) => { const r = e.getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height, What: what} }
	const map = [...document.querySelectorAll("svg.map")].filter(m => m.getBoundingClientRect().width > 0)
	if (map.length != 1) throw new Error(map.length + " maps are visible")
	const outside = e => e.closest("svg.map") === null // which cuts off what is in it
	return {
		Title: document.title, Width: document.documentElement.scrollWidth, Window: document.documentElement.clientWidth,
		Over: [...document.querySelectorAll("body *")].filter(outside).map(e => box(e, e.outerHTML.slice(0, 80))).filter(b => b.X < -0.5 || b.X + b.W > document.documentElement.clientWidth + 0.5),
		Map: box(map[0]),
		Boxes: [...map[0].querySelectorAll("rect")].map(r => ({...box(r, r.previousSibling.textContent), Group: r.classList.contains("group"), Bytes: +r.dataset.bytes})),
		Texts: [...map[0].querySelectorAll("text")].map(e => box(e, e.textContent)),
		Scripts: document.querySelectorAll("script, img, iframe, link, object, embed").length, Resources: performance.getEntriesByType("resource").length,
		Paper: getComputedStyle(document.body).backgroundColor,
	}
})()`

// look opens a file in a window of some size.
func look(ctx context.Context, t *testing.T, file string, width, height int64, scheme string) sheet {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx)
	defer cancel()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := chromedp.Run(ctx, chromedp.Evaluate[sheet](readSheet))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// within fails unless everything is in the window, and the boxes of the map fill it as their bytes say.
func (s sheet) within(t *testing.T, total int64) {
	t.Helper()
	if s.Width > s.Window+0.5 || len(s.Over) > 0 {
		t.Errorf("the page is %.0f wide in a window of %.0f; beyond it: %+v", s.Width, s.Window, s.Over)
	}
	if s.Scripts != 0 || s.Resources != 0 {
		t.Errorf("%d elements that load or run something, %d resources", s.Scripts, s.Resources)
	}
	sum, covered, headings := int64(0), 0.0, 0.0
	var leaves []area
	for _, b := range s.Boxes {
		if b.X < s.Map.X-1 || b.Y < s.Map.Y-1 || b.X+b.W > s.Map.X+s.Map.W+1 || b.Y+b.H > s.Map.Y+s.Map.H+1 {
			t.Errorf("%+v is outside of the map %+v", b, s.Map)
		}
		if b.Group {
			headings += b.W * 22
			continue
		}
		sum, covered, leaves = sum+b.Bytes, covered+b.W*b.H, append(leaves, b)
	}
	if sum != total {
		t.Errorf("the boxes come to %d bytes, and du to %d", sum, total)
	}
	if whole := s.Map.W * s.Map.H; math.Abs(covered+headings-whole) > whole/200 {
		t.Errorf("%.0f pixels of %.0f are covered", covered+headings, whole)
	}
	for i, a := range leaves {
		for _, b := range leaves[:i] {
			if min(a.X+a.W, b.X+b.W)-max(a.X, b.X) > 0.5 && min(a.Y+a.H, b.Y+b.H)-max(a.Y, b.Y) > 0.5 {
				t.Errorf("%+v and %+v overlap", a, b)
			}
		}
	}
	if len(s.Texts) < 5 {
		t.Errorf("the map has %d labels", len(s.Texts))
	}
	for _, text := range s.Texts {
		if text.H < 10 {
			t.Errorf("%q is %.1f pixels high", text.What, text.H)
		}
	}
}

// keysOfReport writes keys of uneven prefixes, some with names that a browser could take for something else.
func keysOfReport(t *testing.T, c *clientv3.Client) {
	t.Helper()
	put := func(key string, size int) {
		if _, err := c.Put(t.Context(), key, strings.Repeat("v", size)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 240 {
		put(fmt.Sprintf("/registry/%s/team-%d/%s-%d", []string{"pods", "pods", "pods", "configmaps", "events"}[i%5], i%17, strings.Repeat("long-name-", i%9), i), 10+i*i)
	}
	for i, key := range []string{"<script>alert(1)</script>", "/x/</title><img src=x onerror=alert(2)>", "\x1b[2J\x07", "a\u202egnp.exe", "\xff\xfe", strings.Repeat("endless", 300)} {
		put(key, 9000*(i+1))
	}
	for range 12 {
		put("/app/counter", 3)
	}
}

// browser starts Chromium. It ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	requireOrSkip(t, need.Chromium, need.Program("chromium"))
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), //nolint:gocritic // a copy
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestReportInBrowser shows the report of a cluster, and that of its snapshot, in windows of a phone and of a desktop,
// light and dark, and reads the boxes (C-630).
func TestReportInBrowser(t *testing.T) {
	parallel(t, script.TurnUsual)
	ctx := browser(t)
	c, err := cluster.Start(t.Context(), cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	p := newPatient(t, c)
	keysOfReport(t, p.client())
	dir := t.TempDir()
	live, offline, db := filepath.Join(dir, "live.html"), filepath.Join(dir, "offline.html"), filepath.Join(dir, "s.db")
	p.must("etcdctl member add ghost --learner --peer-urls http://127.0.0.1:1") // something for doctor to find
	p.must("etcdctl report -o " + live + " && etcdctl snapshot save " + db + " && etcdutl report --from " + db + " -o " + offline)
	total := int64(0)
	if _, err := fmt.Sscan(p.must("etcdctl du --depth 1 | tail -1"), &total); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{live, offline} {
		papers := map[string]bool{}
		for _, scheme := range []string{"light", "dark"} {
			for _, size := range [][2]int64{{390, 844}, {768, 1024}, {1280, 800}} {
				s := look(ctx, t, file, size[0], size[1], scheme)
				s.within(t, total)
				papers[s.Paper] = true
				if t.Failed() {
					t.Fatalf("%s, %v, %s: %s", filepath.Base(file), size, scheme, s.Title)
				}
			}
		}
		if len(papers) != 2 {
			t.Errorf("light and dark have the backgrounds %v", papers)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "vvvvvvvv") || len(text) > 1<<20 {
			t.Errorf("%s: %d bytes, or it has values", file, len(text))
		}
	}
}
