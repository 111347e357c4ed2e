module gobuild.example/bench

go 1.27
