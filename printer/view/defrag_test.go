package view

import (
	"testing"
	"time"

	"etcdkit/printer"
)

func TestDefrag(t *testing.T) {
	t.Parallel()
	d := Defrag{Endpoint: "http://a:2379", Took: 1500 * time.Microsecond}
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
