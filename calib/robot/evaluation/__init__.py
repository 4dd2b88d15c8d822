"""How good an identified arm is: held-out errors, uncertainty, verdict, documents."""
