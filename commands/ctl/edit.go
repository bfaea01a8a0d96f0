package ctl

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/editor"
	"etcdkit/printer/view"
)

type editOptions struct {
	create bool
	kube   bool
}

func newEdit(a *app) *cobra.Command {
	o := &editOptions{}
	cmd := &cobra.Command{
		Use:   "edit [options] <key>",
		Short: "Change the value of a key in an editor",
		Long: `Open the value of a key in an editor, and write it if it was changed and the key is
still as it was. The lease of the key stays. The editor is $VISUAL, $EDITOR or vi.

JSON on one line is indented for the editor and written on one line again. If
somebody else has changed the key meanwhile, the editor comes back with both
versions. What can't be written stays in a file, which is named.`,
		Example: `  etcdctl edit /app/config
  EDITOR='code --wait' etcdctl edit /app/config
  etcdctl edit --create /app/new`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return argsError("edit requires exactly one argument, the key")
			}
			program, chosen := editor.Program(a.streams.Getenv)
			if !chosen && !onTerminal(a.streams) {
				return argsError("edit needs a terminal for %s; $VISUAL or $EDITOR can name an editor that needs none", program)
			}
			s, err := a.open(cmd)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // what was to be written is written
			e := &edit{editOptions: *o, app: a, session: s, key: args[0], editor: editor.Editor{
				Program: program, Env: cli.WithoutPasswords(a.streams.Env), In: a.streams.In, Out: a.streams.Out, Stderr: a.streams.Err,
			}}
			return e.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.create, "create", false, "create the key if it does not exist")
	cmd.Flags().BoolVar(&o.kube, "allow-kube-writes", false, "edit an object of Kubernetes, behind the back of its API server")
	return curlRefuses(cmd, "it needs an answer before it writes")
}

// onTerminal reports whether a program can be used on the terminal.
func onTerminal(s cli.Streams) bool {
	_, in := cli.Terminal(s.In)
	_, out := cli.Terminal(s.Out)
	return in && out
}

// edit is the editing of one key.
type edit struct {
	editOptions
	*session
	app    *app
	key    string
	editor editor.Editor
}

func (e *edit) run(ctx context.Context) error {
	kv, err := e.get(ctx)
	if err != nil {
		return err
	}
	text, err := e.show(kv)
	if err != nil {
		return err
	}
	file, err := editor.Create(cmp.Or(fileName(path.Base(e.key)), "value")+text.Suffix, text.Shown)
	if err != nil {
		return err
	}
	written, err := e.edit(ctx, file, kv, text)
	if err != nil {
		return fmt.Errorf("%w; your text is in %s", err, file.Path)
	}
	if err := file.Remove(); err != nil {
		return err
	}
	if written == nil {
		fmt.Fprintln(e.app.streams.Err, "Nothing was changed.")
		return nil
	}
	return e.out.Print(view.Put{PutResponse: written})
}

// get reads the key; nil is one that is to be created.
func (e *edit) get(ctx context.Context) (*mvccpb.KeyValue, error) {
	limited, cancel := e.app.limit(ctx)
	defer cancel()
	resp, err := e.client.Get(limited, e.key)
	switch {
	case err != nil:
		return nil, e.client.Explain(err)
	case len(resp.Kvs) > 0:
		return resp.Kvs[0], nil
	case e.create:
		return nil, nil
	}
	return nil, fmt.Errorf("key %q does not exist; --create creates it", e.key)
}

// show returns the text of a value that may be edited.
func (e *edit) show(kv *mvccpb.KeyValue) (editor.Text, error) {
	value := kv.GetValue()
	switch {
	case bytes.HasPrefix(value, []byte("k8s\x00")):
		return editor.Text{}, fmt.Errorf("key %q is an object of Kubernetes in its binary form, which edit can't write: use kubectl edit; etcdctl get --decode kube shows it", e.key)
	case bytes.HasPrefix(value, []byte("k8s:enc:")):
		return editor.Text{}, fmt.Errorf("key %q is encrypted by Kubernetes: use kubectl edit", e.key)
	case kubeJSON(value) && !e.kube:
		return editor.Text{}, fmt.Errorf("key %q is an object of Kubernetes: use kubectl edit, or --allow-kube-writes if its API server does not run", e.key)
	}
	text, err := editor.Show(value)
	if err != nil {
		return text, fmt.Errorf("key %q: %w: use etcdctl get --print-value-only and etcdctl put", e.key, err)
	}
	return text, nil
}

// kubeJSON reports whether a value is an object of Kubernetes as JSON.
func kubeJSON(value []byte) bool {
	return bytes.HasPrefix(value, []byte("{")) && bytes.Contains(value, []byte(`"apiVersion":`)) && bytes.Contains(value, []byte(`"kind":`)) && bytes.Contains(value, []byte(`"metadata":`))
}

// edit runs the editor until the text is written; the answer is nil if nothing was
// changed.
func (e *edit) edit(ctx context.Context, file *editor.File, kv *mvccpb.KeyValue, text editor.Text) (*etcdserverpb.PutResponse, error) {
	before := text.Shown
	for {
		edited, err := e.editor.Edit(file)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(edited, before) {
			if bytes.Equal(before, text.Shown) {
				return nil, nil
			}
			return nil, errors.New("the two versions were left as they were")
		}
		value, err := text.Value(edited)
		if err != nil {
			return nil, fmt.Errorf("key %q was not changed: %w", e.key, err)
		}
		// An interrupt in the editor is no reason to lose what was written there.
		answer, now, err := e.write(context.WithoutCancel(ctx), kv, value)
		if answer != nil || err != nil {
			return answer, err
		}
		kv = now
		theirs, err := e.show(now)
		if err != nil {
			return nil, err
		}
		before = editor.Both(edited, theirs.Shown, fmt.Sprintf("revision %d", now.GetModRevision()))
		if bytes.Equal(edited, theirs.Shown) {
			return nil, nil
		}
		if err := file.Write(before); err != nil {
			return nil, err
		}
		fmt.Fprintf(cli.Visible(e.app.streams.Err), "Key %q was changed meanwhile, at revision %d: the editor shows both versions.\n", e.key, now.GetModRevision())
	}
}

// write writes the value if the key is as it was; otherwise it returns how the key
// is now.
func (e *edit) write(ctx context.Context, kv *mvccpb.KeyValue, value []byte) (*etcdserverpb.PutResponse, *mvccpb.KeyValue, error) {
	limited, cancel := e.app.limit(ctx)
	defer cancel()
	put := clientv3.OpPut(e.key, string(value))
	if kv != nil {
		put = clientv3.OpPut(e.key, string(value), clientv3.WithIgnoreLease())
	}
	resp, err := e.client.Txn(limited).If(clientv3.Compare(clientv3.ModRevision(e.key), "=", kv.GetModRevision())).Then(put).Else(clientv3.OpGet(e.key)).Commit()
	switch {
	case err != nil:
		return nil, nil, e.client.Explain(err)
	case resp.Succeeded:
		return &etcdserverpb.PutResponse{Header: resp.Header}, nil, nil
	case len(resp.Responses) == 1 && len(resp.Responses[0].GetResponseRange().GetKvs()) == 1:
		return nil, resp.Responses[0].GetResponseRange().GetKvs()[0], nil
	}
	return nil, nil, fmt.Errorf("key %q was deleted meanwhile; nothing was written", e.key)
}
