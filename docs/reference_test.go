// Package docs_test keeps docs/reference in step with the command trees.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/ctlv2"
	"etcdkit/commands/util"
)

var update = flag.Bool("update", false, "write docs/reference anew")

func TestReference(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	for _, tree := range []struct {
		dir  string
		root *cobra.Command
	}{
		{"", ctl.NewRoot(cli.Streams{})},
		{"", util.NewRoot(cli.Streams{})},
		{"v2", ctlv2.NewRoot(cli.Streams{})}, // whose commands have the names of v3's
	} {
		tree.root.DisableAutoGenTag = true
		if err := collect(tree.root, tree.dir, pages); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		write(t, pages)
	}
	for _, glob := range []string{"*.md", "v2/*.md"} {
		have, err := filepath.Glob(filepath.Join("reference", glob))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range have {
			if _, ok := pages[strings.TrimPrefix(filepath.ToSlash(path), "reference/")]; !ok {
				t.Errorf("%s is of no command", path)
			}
		}
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join("reference", name))
		if err != nil || string(got) != want {
			t.Errorf("reference/%s is stale; go test ./docs -update writes it anew", name)
		}
	}
}

// collect adds the page of cmd and of all below it, in a directory.
func collect(cmd *cobra.Command, dir string, pages map[string]string) error {
	if !cmd.IsAvailableCommand() && cmd.HasParent() || cmd.IsAdditionalHelpTopicCommand() {
		return nil
	}
	cmd.InitDefaultHelpCmd()
	var page bytes.Buffer
	if err := doc.GenMarkdown(cmd, &page); err != nil {
		return fmt.Errorf("page of %s: %w", cmd.CommandPath(), err)
	}
	pages[path.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "_")+".md")] = page.String()
	for _, c := range cmd.Commands() {
		if err := collect(c, dir, pages); err != nil {
			return err
		}
	}
	return nil
}

func write(t *testing.T, pages map[string]string) {
	t.Helper()
	if err := os.RemoveAll("reference"); err != nil {
		t.Fatal(err)
	}
	for name, page := range pages {
		if err := os.MkdirAll(filepath.Dir(filepath.Join("reference", name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("reference", name), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
