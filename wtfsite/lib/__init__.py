"""The floor: plain helpers that know no Django. Everyone may use them, they use nobody."""
