// Package docs_test keeps docs/reference in step with the command trees.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/util"
)

var update = flag.Bool("update", false, "write docs/reference anew")

func TestReference(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	for _, root := range []*cobra.Command{ctl.NewRoot(cli.Streams{}), util.NewRoot(cli.Streams{})} {
		root.DisableAutoGenTag = true
		if err := collect(root, pages); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		write(t, pages)
	}
	have, err := filepath.Glob("reference/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range have {
		if _, ok := pages[filepath.Base(path)]; !ok {
			t.Errorf("%s is of no command", path)
		}
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join("reference", name))
		if err != nil || string(got) != want {
			t.Errorf("reference/%s is stale; go test ./docs -update writes it anew", name)
		}
	}
}

// collect adds the page of cmd and of all below it.
func collect(cmd *cobra.Command, pages map[string]string) error {
	if !cmd.IsAvailableCommand() && cmd.HasParent() || cmd.IsAdditionalHelpTopicCommand() {
		return nil
	}
	cmd.InitDefaultHelpCmd()
	var page bytes.Buffer
	if err := doc.GenMarkdown(cmd, &page); err != nil {
		return fmt.Errorf("page of %s: %w", cmd.CommandPath(), err)
	}
	pages[strings.ReplaceAll(cmd.CommandPath(), " ", "_")+".md"] = page.String()
	for _, c := range cmd.Commands() {
		if err := collect(c, pages); err != nil {
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
	if err := os.Mkdir("reference", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join("reference", name), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
