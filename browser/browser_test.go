package browser

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// source is a keyspace whose pairs have one version each.
type source struct {
	kvs    []*mvccpb.KeyValue
	denied string // the key that cannot be read
	// changes are the events after revision 2. If it is nil, there never are any.
	changes <-chan *mvccpb.Event
}

func (s source) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	return func(yield func(*keyspace.Page, error) bool) {
		if s.denied != "" && r.Key == s.denied {
			yield(nil, errors.New("permission denied"))
			return
		}
		all := func(yield func(*mvccpb.KeyValue, error) bool) {
			for _, kv := range s.kvs {
				one := &mvccpb.KeyValue{Key: kv.GetKey(), Value: kv.GetValue(), Version: 1, CreateRevision: 2, ModRevision: 2}
				if keyspace.Within(kv.GetKey(), r.Key, r.End) && !yield(one, nil) {
					return
				}
			}
		}
		for page, err := range keyspace.Select(keyspace.Head{Revision: 2}, r, all) {
			if !yield(page, err) {
				return
			}
		}
	}
}

func (s source) Events(ctx context.Context, _, to int64, r keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		for to == 0 && s.changes != nil {
			select {
			case e := <-s.changes:
				if keyspace.Within(e.GetKv().GetKey(), r.Key, r.End) {
					yield(e, nil)
				}
			case <-ctx.Done():
				return
			}
		}
		if to == 0 {
			return
		}
		for _, kv := range s.kvs {
			e := &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: kv.GetKey(), Value: kv.GetValue(), Version: 1, CreateRevision: 2, ModRevision: 2}}
			if keyspace.Within(kv.GetKey(), r.Key, r.End) && !yield(e, nil) {
				return
			}
		}
	}
}

func (source) Head(context.Context) (keyspace.Head, error) { return keyspace.Head{Revision: 2}, nil }

func pairs(list ...string) []*mvccpb.KeyValue {
	var kvs []*mvccpb.KeyValue
	for i := 0; i < len(list); i += 2 {
		kvs = append(kvs, &mvccpb.KeyValue{Key: []byte(list[i]), Value: []byte(list[i+1])})
	}
	return kvs
}

// terminal is a browser on a simulated screen.
type terminal struct {
	tcell.SimulationScreen
	t     *testing.T
	done  chan error
	shown atomic.Value // the text of the screen
}

// Show is called by the goroutine that draws, after each change.
func (term *terminal) Show() {
	term.SimulationScreen.Show()
	cells, w, _ := term.GetContents()
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(string(c.Runes))
		if w > 0 && i%w == w-1 {
			b.WriteByte('\n')
		}
	}
	term.shown.Store(b.String())
}

func (term *terminal) text() string {
	s, _ := term.shown.Load().(string)
	return s
}

func (term *terminal) resize(width, height int) {
	term.SetSize(width, height)
	_ = term.PostEvent(tcell.NewEventResize(width, height)) // the queue is empty
}

func start(t *testing.T, s source, width, height int) *terminal {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	screen.SetSize(width, height)
	term := &terminal{SimulationScreen: screen, t: t, done: make(chan error, 1)}
	o := Options{
		Source: s, Separator: "/",
		Decode: func(key, _ []byte) Value {
			if strings.Contains(string(key), "secret") {
				return Value{JSON: []byte(`{"kind":"Secret","data":"masked"}`), Hidden: true}
			}
			return Value{}
		},
		Command: func(name string, args ...string) string { return "prog " + name + " " + strings.Join(args, " ") },
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { term.done <- run(ctx, o, term) }()
	t.Cleanup(cancel)
	return term
}

// want waits until the screen has all texts.
func (term *terminal) want(texts ...string) {
	term.t.Helper()
	var screen string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		screen = term.text()
		missing := false
		for _, text := range texts {
			missing = missing || !strings.Contains(screen, text)
		}
		if !missing {
			return
		}
	}
	term.t.Fatalf("the screen has not all of %q:\n%s", texts, screen)
}

func (term *terminal) press(keys string) {
	for _, r := range keys {
		term.InjectKey(tcell.KeyRune, r, tcell.ModNone)
	}
}

func (term *terminal) quit() {
	term.t.Helper()
	term.press("q")
	select {
	case err := <-term.done:
		if err != nil {
			term.t.Error(err)
		}
	case <-time.After(20 * time.Second):
		term.t.Error("q does not quit")
	}
}

func TestBrowse(t *testing.T) {
	t.Parallel()
	term := start(t, source{kvs: pairs("/app/a", `{"x":1}`, "/app/b\x1b[31m", "text", "/app/secret", "hunter2", "long", strings.Repeat("x", 60)+"END", "top", "v")}, 80, 24)
	term.want("+ /app/", "3 keys have")
	term.press("j")
	term.want("END") // on the second line
	term.press("k")
	term.want("3 keys have")
	term.press("l")
	term.want("- /app/", "secret")
	term.press("j")
	term.want(`b\x1b[31m`, "7 bytes, version 1, revision 2", `"x": 1`)
	term.press("x")
	term.want("7b 22 78 22")
	term.press("r")
	term.want("revision 2  put  version 1  7 bytes")
	term.press("c")
	term.want("prog history /app/a")
	term.press("d")
	term.want(`+`, `"x": 1`)
	term.press("jjx")
	term.want("hidden; see --show-secrets")
	if strings.Contains(term.text(), "hunter2") {
		t.Errorf("a secret is shown:\n%s", term.text())
	}
	term.press("y")
	term.want("kind: Secret", "data: masked")
	term.press("hh")
	term.want("+ /app/")
	term.press("?")
	term.want("history of the key")
	term.quit()
}

func TestBrowseSizes(t *testing.T) {
	t.Parallel()
	term := start(t, source{kvs: pairs("k", "v")}, 120, 40)
	term.want("1 bytes, version 1")
	for _, size := range [][2]int{{20, 5}, {79, 24}, {80, 23}} {
		term.resize(size[0], size[1])
		term.want("browse needs 80x24")
	}
	term.resize(1, 1)
	term.want("b")
	term.resize(80, 24)
	term.want("1 bytes, version 1")
	term.quit()
}

func TestBrowseErrors(t *testing.T) {
	t.Parallel()
	term := start(t, source{kvs: pairs("a", "v", "b", "w"), denied: "a"}, 80, 24)
	term.want("permission denied")
	term.press("j")
	term.want("1 bytes", "w")
	term.quit()

	term = start(t, source{}, 80, 24)
	term.want("no keys here")
	term.press("jklhcxrd")
	term.quit()
}

// TestBrowsePages reads the next page of children when the cursor reaches the last.
func TestBrowsePages(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 3 * pageSize {
		list = append(list, "k"+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10)), "v")
	}
	posts := make(chan func())
	m := newModel(t.Context(), Options{Source: source{kvs: pairs(list...)}, Separator: "/", Decode: func(_, _ []byte) Value { return Value{} }}, func(f func()) {
		select {
		case posts <- f:
		case <-t.Context().Done():
		}
	})
	m.load(m.root)
	for want := pageSize; want <= 3*pageSize; want += pageSize {
		for len(m.rows) < want {
			(<-posts)()
			m.flatten()
		}
		if len(m.rows) != want {
			t.Fatalf("%d rows, want %d", len(m.rows), want)
		}
		m.move(want)
	}
}
