print("gradprint")
