package view

import (
	"testing"
	"time"

	"etcdkit/printer"
)

func TestDefrag(t *testing.T) {
	t.Parallel()
	d := Defrag{Endpoint: "http://a:2379", Took: 1500 * time.Microsecond}
	const bare = "Finished defragmenting etcd member[http://a:2379]"
	for release, want := range map[printer.Release]string{
		printer.Default: bare + ". took 1.5ms\n", printer.V35: bare + "\n", printer.V36: bare + ". took 1.5ms\n", printer.V37: bare + ". took 1.5ms\n",
	} {
		for _, format := range []string{"fields", "json", "protobuf", "simple", "table"} {
			if got := printedAs(t, format, printer.Options{Release: release}, d); got != want {
				t.Errorf("%s of release %d: %q, want %q", format, release, got, want)
			}
		}
	}
	for format, want := range map[string]string{
		"csv":   "endpoint,took\nhttp://a:2379,1.5ms\n",
		"jsonl": "{\"endpoint\":\"http://a:2379\",\"took\":\"1.5ms\"}\n",
		"yaml":  "endpoint: \"http://a:2379\"\ntook: \"1.5ms\"\n",
	} {
		if got := printedAs(t, format, printer.Options{}, d); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}
