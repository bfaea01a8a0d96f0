package ctl

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/internal/output"
)

// metrics are what a backup command leaves for Prometheus in --metrics-file, in
// the text format that the textfile collector of the node exporter reads.
type metrics struct {
	path    string
	command string
	samples []sample
}

// sample is one value of a metric. Those of one metric follow each other.
type sample struct {
	name  string // without the prefix
	help  string
	label string // NAME="VALUE", or ""
	value float64
}

// metricPrefix begins the name of every metric.
const metricPrefix = "etcdkit_backup_"

// Metrics whose values are carried over from the file of an earlier run.
const (
	lastSuccess = "last_success_timestamp_seconds"
	failures    = "failures_total"
)

// set adds a value.
func (m *metrics) set(s sample) { m.samples = append(m.samples, s) }

// withMetrics adds --metrics-file to a command, and writes the file when the
// command ends, whether it fails or not.
func withMetrics(a *app, o *backupOptions, cmd *cobra.Command) *cobra.Command {
	m := &o.metrics
	cmd.Flags().StringVar(&m.path, "metrics-file", "", "write metrics for Prometheus to this `file` at the end, such as one for the textfile collector; each command needs its own")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m.command, m.samples = cmd.Name(), nil
		begun := a.streams.Time()
		err := run(cmd, args)
		if m.path == "" {
			return err
		}
		if failed := m.write(a.streams.Time(), begun, err); failed != nil {
			failed = fmt.Errorf("--metrics-file: %w", failed)
			if err == nil {
				return cli.Exit(cli.IO, failed)
			}
			fmt.Fprintf(a.streams.Err, "Warning: %v\n", failed)
		}
		return err
	}
	return cmd
}

// write replaces the file. err is what the command failed with.
func (m *metrics) write(now, begun time.Time, err error) error {
	before := m.before()
	success, when, failed := 1.0, float64(now.Unix()), before[failures]
	if err != nil {
		success, when = 0, before[lastSuccess]
		failed++
	}
	all := []sample{
		{name: "last_run_timestamp_seconds", help: "When the command ended last.", value: float64(now.Unix())},
		{name: "last_run_success", help: "Whether the command succeeded when it ended last.", value: success},
		{name: "last_run_exit_code", help: "The exit code of the last run.", value: float64(cli.CodeOf(err))},
		{name: "last_run_duration_seconds", help: "How long the last run took.", value: now.Sub(begun).Seconds()},
		{name: lastSuccess, help: "When the command ended successfully last; 0 if it never did.", value: when},
		{name: failures, help: "How often the command failed.", value: failed},
	}
	var text bytes.Buffer
	last := ""
	for _, s := range append(all, m.samples...) {
		name := metricPrefix + s.name
		if name != last {
			kind := "gauge"
			if strings.HasSuffix(name, "_total") {
				kind = "counter"
			}
			fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", name, s.help, name, kind)
			last = name
		}
		labels := `command="` + m.command + `"`
		if s.label != "" {
			labels += "," + s.label
		}
		fmt.Fprintf(&text, "%s{%s} %s\n", name, labels, strconv.FormatFloat(s.value, 'f', -1, 64))
	}
	if err := output.WriteFile(m.path, text.Bytes()); err != nil {
		return err
	}
	return os.Chmod(m.path, 0o644) //nolint:gosec // another user's exporter reads it
}

// before are the values that an earlier run left, if it was of this command.
func (m *metrics) before() map[string]float64 {
	values := map[string]float64{}
	content, err := os.ReadFile(m.path)
	if err != nil {
		return values // there is no earlier run, or writing will fail as well
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		for _, name := range []string{lastSuccess, failures} {
			if rest, ok := strings.CutPrefix(lines.Text(), metricPrefix+name+`{command="`+m.command+`"} `); ok {
				values[name], _ = strconv.ParseFloat(rest, 64) // 0 if it is none
			}
		}
	}
	return values
}

// backup sets the metrics about one backup.
func (m *metrics) backup(b *backup.Backup) {
	_, how := b.Verification()
	verified := 0.0
	if how != backup.None {
		verified = 1
	}
	m.set(sample{name: "time_seconds", help: "When the backup was saved, as a Unix time.", value: float64(b.Time.Unix())})
	m.set(sample{name: "revision", help: "The revision in the backup.", value: float64(b.Revision)})
	m.set(sample{name: "keys", help: "The number of keys in the backup.", value: float64(b.Keys)})
	m.set(sample{name: "size_bytes", help: "The size of the plain snapshot.", value: float64(b.Plain.Size)})
	m.set(sample{name: "stored_size_bytes", help: "The size of what is stored.", value: float64(b.Stored.Size)})
	m.set(sample{name: "is_verified", help: "Whether the backup was verified after it was stored.", value: verified})
}

// phases measures how long the stages of a save take.
type phases struct {
	app   *app
	names []backup.Stage
	begun []time.Time
}

func newPhases(a *app) *phases { return &phases{app: a} }

// begin ends a stage and begins the next. A stage that is repeated goes on.
func (p *phases) begin(s backup.Stage) {
	if n := len(p.names); n == 0 || p.names[n-1] != s {
		p.names, p.begun = append(p.names, s), append(p.begun, p.app.streams.Time())
	}
}

// end sets the metrics.
func (p *phases) end(m *metrics) {
	p.begun = append(p.begun, p.app.streams.Time())
	for i, s := range p.names {
		m.set(sample{name: "phase_duration_seconds", help: "How long a phase of the last run took.", label: `phase="` + string(s) + `"`, value: p.begun[i+1].Sub(p.begun[i]).Seconds()})
	}
}
