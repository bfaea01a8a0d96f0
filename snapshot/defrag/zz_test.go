package defrag
import ("testing";"os";"time";"path/filepath";"io")
func TestZZ(t *testing.T){
 for i:=range 3 {
 d:="/tmp/engine/zd"; os.RemoveAll(d); os.MkdirAll(d,0o700); p:=filepath.Join(d,"db")
 f,_:=os.Open(os.Getenv("ZZ")); o,_:=os.Create(p); io.Copy(o,f); st,_:=o.Stat(); o.Truncate(st.Size()-32); o.Sync(); o.Close(); f.Close()
 s:=time.Now()
 r,err:=Run(t.Context(), p, Options{})
 t.Log(i,time.Since(s),r,err)
 }
}
