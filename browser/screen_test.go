package browser

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

var update = flag.Bool("update", false, "write the screens to testdata")

// screen waits until the screen is that of a file. With -update it waits for the
// texts, and writes the file.
func (term *terminal) screen(name string, texts ...string) {
	term.t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		term.want(texts...)
		if err := os.WriteFile(path, []byte(term.trimmed()), 0o644); err != nil {
			term.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		term.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); term.trimmed() != string(want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			term.t.Fatalf("%s is\n%s\nwant\n%s", name, term.trimmed(), want)
		}
	}
}

// trimmed is the text of the screen without blanks at the ends of lines.
func (term *terminal) trimmed() string {
	lines := strings.Split(term.text(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func event(kind mvccpb.Event_EventType, rev int64, key, value string) *mvccpb.Event {
	return &mvccpb.Event{Type: kind, Kv: &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), ModRevision: rev}}
}

// TestScreens compares whole screens of 80 columns and 24 lines.
func TestScreens(t *testing.T) {
	t.Parallel()
	changes := make(chan *mvccpb.Event)
	term := start(t, source{kvs: pairs(
		"/app/config/db", `{"host":"db1","port":5432}`, "/app/config/mode", "quiet", "/app/name", "shop",
		"/registry/secrets/default/token", "hunter2", "bin", "\x00\x01\xfe\xff", "z\x1b[31m", "red",
	), changes: changes}, 80, 24)
	term.screen("tree", "3 keys have", "3|", "1|")
	term.press("l")
	term.want("name")
	term.press("jl")
	term.want("mode")
	term.press("j")
	term.screen("value", `"port": 5432`, "2|")
	term.press("x")
	term.screen("hex", "7b 22 68")
	term.press("r")
	term.screen("history", "revision 2  put")
	term.press("d")
	term.screen("differences", "+  \"port\"")
	term.press("c")
	term.screen("command", "prog history -p /app/config/db", "+  \"port\"")
	term.press("kw")
	term.want("changes after revision 2")
	changes <- event(mvccpb.PUT, 3, "/app/config/mode", "loud\x1b[5m")
	changes <- event(mvccpb.PUT, 4, "/app/name", "another directory")
	changes <- event(mvccpb.DELETE, 5, "/app/config/mode", "")
	changes <- event(mvccpb.PUT, 6, "/app/config/secret", "hunter2")
	term.screen("watch", "revision 6", "revision 5", "revision 3")
	term.press("?")
	term.screen("help", "end a search")
	term.press("v/on")
	term.screen("typing", "search for: on_")
	term.InjectKey(tcell.KeyEnter, 0, tcell.ModNone)
	term.screen("found", "all keys with on", "5432")
	term.press("/nothing")
	term.InjectKey(tcell.KeyBackspace, 0, tcell.ModNone)
	term.InjectKey(tcell.KeyEnter, 0, tcell.ModNone)
	term.want("all keys with nothin", "no such keys")
	term.press("/")
	term.InjectKey(tcell.KeyEscape, 0, tcell.ModNone)
	term.want("no such keys")
	term.InjectKey(tcell.KeyEscape, 0, tcell.ModNone)
	term.screen("back", "- /app/", "2 keys have")
	term.quit()
}

// A source that does not change says so when it is watched.
func TestWatchUnchanging(t *testing.T) {
	t.Parallel()
	term := start(t, source{kvs: pairs("k", "v")}, 80, 24)
	term.want("1 bytes")
	term.press("w")
	term.want("changes after revision 2", "a file does not change")
	term.quit()
}
