module example.org/expiry

go 1.19
