"""What Farflow's functions share: settings, clients, observability, the custom resource protocol."""
