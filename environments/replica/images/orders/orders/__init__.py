"""The *orders* service: the patient that the drills break."""
